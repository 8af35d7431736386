package org.treepo4j.rollout;

import java.util.List;
import org.treepo4j.rollout.RolloutSettings.AnswerPolicy;
import org.treepo4j.rollout.RolloutSettings.DivergenceRange;
import org.treepo4j.rollout.RolloutSettings.RepetitionPolicy;
import org.treepo4j.rollout.RolloutSettings.RolloutKind;
import org.treepo4j.rollout.RolloutSettings.TotalBudget;

/** Small rollout settings for tests, one change at a time. */
final class Settings {
  RolloutKind kind = RolloutKind.TREE;
  boolean sharePrompt = true;
  boolean lazyForking = true;
  int maxWidth = 8;
  int minWidth = 1;
  int segmentLength = 4;
  int maxDepth = 4;
  int maxResponseTokens = 1000;
  int minTrajectoryTokens = 0;
  int branching = 2;
  DivergenceRange initialDivergence = DivergenceRange.defaults();
  BudgetSettings budget = BudgetSettings.defaults();
  TotalBudget totalBudget = TotalBudget.BY_TRAJECTORIES;
  long maxResponseTokensPerPrompt = 100;
  AllotmentSettings allotment = AllotmentSettings.defaults();
  FallbackSettings fallback = FallbackSettings.defaults();
  AnswerPolicy answerPolicy = AnswerPolicy.BOXED_AND_EOS;
  RepetitionPolicy repetitionPolicy = RepetitionPolicy.NONE;
  int repetitionLength = 4;
  int repetitionCount = 3;
  double temperature = 1;
  int topK = 0;
  double topP = 1;
  double minP = 0;
  List<Integer> stopTokenIds = List.of();
  List<String> stopStrings = List.of();
  int maxBatchPaths = 64;

  RolloutSettings build() {
    return new RolloutSettings(
        kind,
        sharePrompt,
        lazyForking,
        maxWidth,
        minWidth,
        segmentLength,
        maxDepth,
        maxResponseTokens,
        minTrajectoryTokens,
        branching,
        initialDivergence,
        budget,
        totalBudget,
        maxResponseTokensPerPrompt,
        allotment,
        fallback,
        answerPolicy,
        repetitionPolicy,
        repetitionLength,
        repetitionCount,
        sampling(),
        maxBatchPaths);
  }

  SamplingSettings sampling() {
    return new SamplingSettings(temperature, topK, topP, minP, stopTokenIds, stopStrings);
  }
}
