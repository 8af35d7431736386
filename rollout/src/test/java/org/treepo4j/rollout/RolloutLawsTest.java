package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.treepo4j.rollout.TreeAssert.assertThatTree;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rollout.RolloutSettings.AnswerPolicy;
import org.treepo4j.rollout.RolloutSettings.RepetitionPolicy;
import org.treepo4j.rollout.RolloutSettings.RolloutKind;
import org.treepo4j.rollout.RolloutSettings.TotalBudget;
import org.treepo4j.rollout.RolloutStatistics.DepthStatistics;

/** What holds of every rollout, whatever the policies, the settings and the model. */
class RolloutLawsTest {

  @Provide
  Arbitrary<RolloutCase> cases() {
    return RolloutCase.any();
  }

  @Property(tries = 300)
  void neverMoreTrajectoriesThanTheWidthAndExactlyAsManyWherePromised(
      @ForAll("cases") RolloutCase rollout) {
    Settings settings = rollout.settings();
    boolean promised =
        settings.minTrajectoryTokens == 0
            && (settings.kind == RolloutKind.INDEPENDENT
                || (settings.totalBudget == TotalBudget.BY_TRAJECTORIES
                    && settings.fallback.position() != FallbackPosition.NONE));
    for (RolloutTree tree : sample(rollout).trees()) {
      assertThatTree(tree).hasAtMostTrajectories(settings.maxWidth).endsOneTrajectoryAtEachLeaf();
      if (promised) {
        assertThatTree(tree).hasTrajectories(settings.maxWidth);
      }
    }
  }

  @Property(tries = 300)
  void lengthAndDepthBudgetsAreNeverExceeded(@ForAll("cases") RolloutCase rollout) {
    Settings settings = rollout.settings();
    int longest = Math.min(settings.maxResponseTokens, settings.maxDepth * settings.segmentLength);
    for (RolloutTree tree : sample(rollout).trees()) {
      assertThatTree(tree)
          .hasResponsesWithin(Math.max(1, settings.minTrajectoryTokens), longest)
          .hasNodesOfAtMost(settings.segmentLength);
    }
  }

  @Property(tries = 300)
  void everyTrajectoryIsWhatAnIndependentReplayOfItsStreamsGives(
      @ForAll("cases") RolloutCase rollout) {
    FakeModel model = rollout.model();
    SamplingSettings sampling = rollout.settings().sampling();
    RandomStreams streams = new RandomStreams(rollout.seed(), 3);
    for (RolloutTree tree : sample(rollout).trees()) {
      for (Trajectory trajectory : tree.trajectories()) {
        List<Integer> path = new ArrayList<>();
        for (int token : tree.promptTokens()) {
          path.add(token);
        }
        int position = 0;
        for (SegmentNode node : tree.segments(trajectory)) {
          long stream = streams.stream(tree.promptId(), 0, node.branch());
          for (int i = 0; i < node.tokens().length; i++) {
            NaiveDistribution expected =
                NaiveDistribution.of(
                    model.logits(path.stream().mapToInt(Integer::intValue).toArray()),
                    sampling,
                    id -> id != RolloutCase.UNKNOWN);
            int token = expected.sample(RandomStreams.uniform(stream, position++));
            assertThat(node.tokens()[i]).isEqualTo(token).isNotEqualTo(RolloutCase.UNKNOWN);
            assertThat(node.logprobs()[i])
                .isEqualTo(Math.log(expected.probabilities()[token]), within(1e-9));
            assertThat(node.modelLogprobs()[i])
                .isEqualTo(Math.log(expected.modelProbabilities()[token]), within(1e-9));
            assertThat(node.entropies()[i]).isEqualTo(expected.entropy(), within(1e-9));
            path.add(token);
          }
        }
        assertThat(tree.response(trajectory))
            .containsExactly(
                path.stream().skip(tree.promptTokens().length).mapToInt(t -> t).toArray());
      }
    }
  }

  @Property(tries = 1000)
  void treesThatShareWhatTheyCanAreTheTreesThatShareNothing(@ForAll("cases") RolloutCase rollout) {
    Map<String, String> shared = lines(sample(rollout).trees());

    assertThat(shared).isEqualTo(lines(rollout.sampleEagerly()));
  }

  @Property(tries = 500)
  void everyDistinctPrefixIsComputedOnce(@ForAll("cases") RolloutCase rollout) {
    for (RolloutPrompt prompt : rollout.promptList()) {
      FakeDecoder decoder = new FakeDecoder(rollout.model());

      RolloutStatistics statistics = rollout.sample(decoder, List.of(prompt)).statistics();

      long computed = decoder.statistics().tokensComputed();
      if (statistics.fallbacks() == 0) {
        assertThat(computed).isEqualTo(decoder.distinctTokens());
      } else {
        // What a fallback computes again is no more than what its paths sample.
        long neverComputed = statistics.trajectories() + statistics.droppedPaths();
        long sampled = statistics.sampledTokens() - neverComputed;
        assertThat(computed).isBetween(decoder.distinctTokens(), prompt.tokens().length + sampled);
      }
    }
  }

  @Property(tries = 500)
  void fallbacksToOnePlaceComputeNothingAgain(@ForAll("cases") RolloutCase rollout) {
    Settings settings = rollout.settings();
    settings.minTrajectoryTokens = 0;
    settings.fallback = settings.fallback.withPosition(FallbackPosition.FROM_START);
    for (RolloutPrompt prompt : rollout.promptList()) {
      FakeDecoder decoder = new FakeDecoder(rollout.model());

      rollout.sample(decoder, List.of(prompt));

      assertThat(decoder.statistics().tokensComputed()).isEqualTo(decoder.distinctTokens());
    }
  }

  @Property(tries = 300)
  void everyCacheChunkIsFreedAndNoBatchIsTooLarge(@ForAll("cases") RolloutCase rollout) {
    FakeDecoder decoder = new FakeDecoder(rollout.model());

    rollout.sample(decoder);

    assertThat(decoder.statistics().livePaths()).isZero();
    assertThat(decoder.statistics().cachedTokens()).isZero();
    assertThat(decoder.largestBatch()).isLessThanOrEqualTo(rollout.settings().maxBatchPaths);
  }

  @Property(tries = 300)
  void aFallbackCutInsideASegmentSplitsTheNode(@ForAll("cases") RolloutCase rollout) {
    for (RolloutTree tree : sample(rollout).trees()) {
      Map<Integer, SegmentNode> byId = tree.nodesById();
      Set<Integer> branchingByFallback = new HashSet<>();
      tree.nodes().stream()
          .filter(SegmentNode::fallback)
          .forEach(node -> branchingByFallback.add(node.parent()));
      Map<Integer, Integer> lastOfBranch = new HashMap<>();
      for (SegmentNode node : tree.nodes()) {
        Integer upper = lastOfBranch.put(node.branch(), node.id());
        if (upper != null) {
          assertThat(node.parent()).isEqualTo(upper);
          assertThat(node.fallback()).isFalse();
          assertThat(byId.get(upper).tokens().length + node.tokens().length)
              .isLessThanOrEqualTo(rollout.settings().segmentLength);
        }
      }
      if (rollout.settings().minTrajectoryTokens == 0) {
        for (SegmentNode node : tree.nodes()) {
          SegmentNode parent = byId.get(node.parent());
          if (parent != null && parent.branch() == node.branch()) {
            assertThat(branchingByFallback).contains(parent.id());
          }
        }
      }
    }
  }

  @Property(tries = 300)
  void aDecoderFailureNamesThePromptAndFreesEveryCacheChunk(
      @ForAll("cases") RolloutCase rollout, @ForAll @IntRange(min = 0, max = 999) int share) {
    FakeDecoder whole = new FakeDecoder(rollout.model());
    rollout.sample(whole);
    long call = 1 + whole.calls() * share / 1000;
    FakeDecoder failing = new FakeDecoder(rollout.model()).failingAt(call);

    assertThatThrownBy(() -> rollout.sample(failing))
        .isInstanceOf(RolloutException.class)
        .hasMessageMatching("sampling failed for prompt prompt-\\d.*: made to fail");
    assertThat(failing.statistics().livePaths()).isZero();
    assertThat(failing.statistics().cachedTokens()).isZero();
  }

  @Property(tries = 200)
  void theSameSeedGivesTheSameTreesForAnyBatchComposition(
      @ForAll("cases") RolloutCase rollout, @ForAll @IntRange(min = 1, max = 30) int otherRows) {
    Map<String, String> together = lines(sample(rollout).trees());
    List<RolloutPrompt> prompts = rollout.promptList();

    for (RolloutPrompt prompt : prompts) {
      RolloutBatch alone = rollout.sample(new FakeDecoder(rollout.model()), List.of(prompt));
      assertThat(lines(alone.trees()))
          .containsExactly(Map.entry(prompt.id(), together.get(prompt.id())));
    }
    Collections.shuffle(prompts, new Random(otherRows));
    rollout.settings().maxBatchPaths = otherRows;
    RolloutBatch shuffled = rollout.sample(new FakeDecoder(rollout.model()), prompts);
    assertThat(lines(shuffled.trees())).isEqualTo(together);
  }

  @Property(tries = 100)
  void aCacheThatRunsFullChangesNoTree(@ForAll("cases") RolloutCase rollout) {
    Map<String, String> roomy = lines(sample(rollout).trees());
    FakeDecoder tight =
        new FakeDecoder(rollout.model()).withMaxCachedTokens(enoughForOnePrompt(rollout));

    assertThat(lines(rollout.sample(tight).trees())).isEqualTo(roomy);
    assertThat(tight.statistics().livePaths()).isZero();
  }

  @Property(tries = 200)
  void computedTokensAreWhatTheDecoderComputed(
      @ForAll("cases") RolloutCase rollout, @ForAll boolean tight) {
    FakeDecoder decoder = new FakeDecoder(rollout.model());
    if (tight) {
      decoder.withMaxCachedTokens(enoughForOnePrompt(rollout));
    }

    RolloutBatch batch = rollout.sample(decoder);

    RolloutStatistics all = batch.statistics();
    assertThat(all.computedTokens()).isEqualTo(decoder.statistics().tokensComputed());
    assertThat(all.computedPromptTokens()).isLessThanOrEqualTo(all.computedTokens());
    assertThat(all.computedTokens())
        .isEqualTo(
            batch.promptStatistics().stream().mapToLong(RolloutStatistics::computedTokens).sum());
  }

  @Property(tries = 300)
  void finishReasonsAreThoseOfTheWholeResponse(@ForAll("cases") RolloutCase rollout) {
    Settings settings = rollout.settings();
    for (RolloutTree tree : sample(rollout).trees()) {
      for (Trajectory trajectory : tree.trajectories()) {
        int[] response = tree.response(trajectory);
        String text = RolloutCase.text(response);
        int last = response[response.length - 1];
        boolean ended =
            last == RolloutCase.EOS
                || settings.stopTokenIds.contains(last)
                || settings.stopStrings.stream().anyMatch(text::contains);
        boolean boxed = text.matches("(?s).*\\\\boxed\\{[^{}]*(\\{[^{}]*}[^{}]*)*}.*");
        boolean full = response.length == settings.maxResponseTokens;
        boolean deep = response.length > (settings.maxDepth - 1) * settings.segmentLength;
        switch (trajectory.finish()) {
          case ANSWERED ->
              assertThat(ended || settings.answerPolicy == AnswerPolicy.BOXED_AS_EOS).isTrue();
          case EOS -> assertThat(ended).isTrue();
          case MAX_RESPONSE_TOKENS -> assertThat(full && !ended).isTrue();
          case MAX_DEPTH -> assertThat(deep && !full && !ended).isTrue();
          case REPETITION ->
              assertThat(settings.repetitionPolicy).isNotEqualTo(RepetitionPolicy.NONE);
          default -> throw new AssertionError(trajectory.finish());
        }
        if (boxed && settings.repetitionPolicy != RepetitionPolicy.MOST_PRIORITIZED) {
          assertThat(trajectory.finish() == FinishReason.ANSWERED)
              .isEqualTo(ended || settings.answerPolicy == AnswerPolicy.BOXED_AS_EOS);
        }
      }
    }
  }

  @Property(tries = 200)
  void statisticsAreWhatTheTreesTell(@ForAll("cases") RolloutCase rollout) {
    RolloutBatch batch = sample(rollout);
    RolloutStatistics all = batch.statistics();
    long trajectories = batch.trees().stream().mapToLong(t -> t.trajectories().size()).sum();
    long uniqueTokens = batch.trees().stream().mapToLong(RolloutTree::sampledTokens).sum();

    assertThat(all.prompts()).isEqualTo(rollout.prompts());
    assertThat(all.trajectories()).isEqualTo(trajectories);
    assertThat(all.trajectoryTokens())
        .isEqualTo(batch.trees().stream().mapToLong(RolloutTree::trajectoryTokens).sum());
    assertThat(all.finishes().values().stream().mapToLong(n -> n).sum()).isEqualTo(trajectories);
    assertThat(all.depths().stream().mapToLong(DepthStatistics::leaves).sum())
        .isEqualTo(trajectories);
    assertThat(all.depths().stream().mapToLong(DepthStatistics::tokens).sum())
        .isEqualTo(all.sampledTokens());
    assertThat(all.idleShare()).isBetween(0.0, 1.0);
    if (all.droppedPaths() == 0) {
      assertThat(all.sampledTokens()).isEqualTo(uniqueTokens);
    } else {
      assertThat(all.sampledTokens()).isGreaterThan(uniqueTokens);
    }
  }

  @Property(tries = 300)
  void aRowForEachPathSamplesTheSameTreesAndComputesNoLess(@ForAll("cases") RolloutCase rollout) {
    RolloutBatch lazily = sample(rollout);
    rollout.settings().lazyForking = false;
    FakeDecoder decoder = new FakeDecoder(rollout.model());
    RolloutBatch eagerly = rollout.sample(decoder);

    assertThat(lines(eagerly.trees())).isEqualTo(lines(lazily.trees()));
    assertThat(eagerly.responses()).isEqualTo(lazily.responses());
    assertThat(eagerly.statistics().computedTokens())
        .isEqualTo(decoder.statistics().tokensComputed())
        .isGreaterThanOrEqualTo(lazily.statistics().computedTokens());
    assertThat(decoder.statistics().livePaths()).isZero();
  }

  @Property(tries = 300)
  void everyTokenThatWasComputedHasTheExpertsItWentTo(
      @ForAll("cases") RolloutCase rollout, @ForAll boolean lazily) {
    rollout.settings().lazyForking = lazily;
    List<RolloutTree> trees = rollout.sampleKeepingExperts().trees();
    assertThat(lines(trees)).isEqualTo(lines(sample(rollout).trees()));
    for (RolloutTree tree : trees) {
      TokenTree tokens = tree.toTokenTree();
      assertThat(tokens.experts() == null).isEqualTo(tree.trajectories().isEmpty());
      boolean[] continued = new boolean[tokens.size()];
      for (int i = 1; i < tokens.size(); i++) {
        continued[tokens.parents()[i]] = true;
      }
      for (int i = 0; i < tokens.size() && tokens.experts() != null; i++) {
        int[] path = Arrays.stream(tokens.path(i)).map(t -> tokens.tokens()[t]).toArray();
        short[] experts = Arrays.copyOfRange(tokens.experts(), 2 * i, 2 * i + 2);
        if (continued[i] || experts[0] >= 0) {
          short[] expected = FakeDecoder.experts(path);
          assertThat(experts)
              .isEqualTo(Arrays.copyOfRange(expected, expected.length - 2, expected.length));
        }
      }
    }
    assertThat(sample(rollout).trees()).allMatch(tree -> tree.toTokenTree().experts() == null);
  }

  @Property(tries = 200)
  void responsesAreTheTextsOfTheTrajectories(@ForAll("cases") RolloutCase rollout) {
    RolloutBatch batch = sample(rollout);
    for (int i = 0; i < batch.trees().size(); i++) {
      RolloutTree tree = batch.trees().get(i);
      assertThat(batch.responses().get(i))
          .isEqualTo(
              tree.trajectories().stream()
                  .map(trajectory -> RolloutCase.text(tree.response(trajectory)))
                  .toList());
    }
  }

  @Property(tries = 200)
  void treesSurviveBeingWrittenAndRead(@ForAll("cases") RolloutCase rollout) throws Exception {
    RolloutBatch batch = sample(rollout);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TreeJsonlWriter writer = new TreeJsonlWriter(bytes)) {
      for (RolloutTree tree : batch.trees()) {
        writer.write(tree);
      }
      writer.commit();
    }
    ByteArrayInputStream in = new ByteArrayInputStream(bytes.toByteArray());
    try (TreeJsonlReader reader = new TreeJsonlReader(in, "memory")) {
      for (RolloutTree tree : batch.trees()) {
        TreeLine line = reader.read().orElseThrow();
        assertThat(TreeLine.of(line.tree()).json()).isEqualTo(TreeLine.of(tree).json());
      }
      assertThat(reader.read()).isEmpty();
    }
  }

  /** Tokens of a cache that the largest tree surely fits into. */
  private static long enoughForOnePrompt(RolloutCase rollout) {
    long most = 0;
    for (RolloutPrompt prompt : rollout.promptList()) {
      FakeDecoder alone = new FakeDecoder(rollout.model());
      rollout.sample(alone, List.of(prompt));
      most = Math.max(most, alone.statistics().tokensComputed());
    }
    return most;
  }

  private static RolloutBatch sample(RolloutCase rollout) {
    return rollout.sample(new FakeDecoder(rollout.model()));
  }

  private static Map<String, String> lines(List<RolloutTree> trees) {
    Map<String, String> lines = new HashMap<>();
    trees.forEach(t -> lines.put(t.promptId(), TreeLine.of(t).json().toString()));
    return lines;
  }
}
