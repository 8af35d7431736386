package org.treepo4j.rl.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.loss.KlPenalty;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.run.WeightUpdate;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SamplingSettings;

/** One round of a run: sample trees, estimate advantages, update the policy. */
final class TrainingStep {
  private final Policy policy;
  private final Optional<CausalLm> reference;
  private final GroupCollector collector;
  private final AdvantageEstimator estimator;
  private final LossSettings loss;
  private final PolicyUpdate update;
  private final Scoring scoring;
  private final SamplingSettings sampling;
  private final int updatesPerStep;

  /**
   * What a round leaves.
   *
   * @param trees that were trained on
   * @param advantages of these, {@code [tree][trajectory][response token]}
   * @param groups how they were sampled
   * @param update what the updates did
   */
  record Outcome(
      List<ScoredTree> trees,
      double[][][] advantages,
      GroupCollector.Groups groups,
      PolicyUpdate.Report update,
      Map<String, Number> metrics) {}

  TrainingStep(
      Policy policy,
      Optional<CausalLm> reference,
      GroupCollector collector,
      AdvantageEstimator estimator,
      TrainSettings settings,
      WeightUpdate weightUpdate) {
    this.policy = policy;
    this.reference = reference;
    this.collector = collector;
    this.estimator = estimator;
    this.loss = settings.loss();
    this.sampling = settings.rollout().sampling();
    this.updatesPerStep = settings.trainer().updatesPerStep();
    this.update =
        new PolicyUpdate(policy, weightUpdate, loss, settings.trainer(), sampling.temperature());
    this.scoring = new Scoring(sampling.temperature(), settings.trainer().microBatchTokens());
  }

  /**
   * @param step 1 for the first
   * @param firstTask place in the row of tasks
   * @param progress share of training done
   * @return with no trees and no updates when there was nothing to learn from and the settings let
   *     the run go on
   */
  Outcome run(long step, long firstTask, double progress) {
    GroupCollector.Groups groups = collector.collect(step, firstTask, progress);
    List<ScoredTree> scored = groups.trees();
    if (scored.isEmpty()) {
      return new Outcome(
          scored,
          new double[0][][],
          groups,
          PolicyUpdate.Report.NONE,
          StepMetrics.ofSampling(groups));
    }
    long began = System.nanoTime();
    List<TokenTree> tokens = scored.stream().map(tree -> tree.tree().toTokenTree()).toList();
    List<float[]> ofReference =
        reference.map(model -> scoring.logprobs(model, tokens)).orElse(null);
    boolean mustScore = !update.onPolicy(scored.size()) || loss.kl() == KlPlacement.REWARD;
    List<float[]> old = mustScore ? scoring.logprobs(policy.model(), tokens) : null;
    double scoringSeconds = (System.nanoTime() - began) / 1e9;

    List<RolloutTree> rewarded = rewarded(scored, old, ofReference);
    double[][][] advantages = estimator.advantages(rewarded);
    LogprobMismatch mismatch = new LogprobMismatch();
    List<TrainingTree> trees = new ArrayList<>();
    for (int i = 0; i < scored.size(); i++) {
      RolloutTree tree = rewarded.get(i);
      TrainingTree asSampled =
          TrainingTree.of(
              tree,
              advantages[i],
              LogprobMismatch.recorded(tree, sampling),
              ofReference == null ? null : ofReference.get(i));
      if (old != null) {
        mismatch.add(asSampled, old.get(i));
      }
      trees.add(old == null ? asSampled : asSampled.withOldLogprobs(old.get(i)));
    }
    began = System.nanoTime();
    long firstUpdate = (step - 1) * updatesPerStep;
    PolicyUpdate.Report report = update.run(trees, firstUpdate, old == null ? mismatch : null);
    double updateSeconds = (System.nanoTime() - began) / 1e9;
    Map<String, Number> metrics =
        StepMetrics.of(groups, trees, report, mismatch.mean(), scoringSeconds, updateSeconds);
    return new Outcome(scored, advantages, groups, report, metrics);
  }

  private List<RolloutTree> rewarded(
      List<ScoredTree> scored, List<float[]> old, List<float[]> ofReference) {
    List<RolloutTree> trees = new ArrayList<>();
    KlPenalty penalty = new KlPenalty(loss.klEstimator(), loss.klCoefficient());
    for (int i = 0; i < scored.size(); i++) {
      RolloutTree tree = scored.get(i).tree();
      trees.add(
          loss.kl() == KlPlacement.REWARD
              ? penalty.apply(tree, old.get(i), ofReference.get(i))
              : tree);
    }
    return trees;
  }
}
