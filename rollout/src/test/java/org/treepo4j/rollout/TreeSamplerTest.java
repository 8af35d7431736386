package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.treepo4j.rollout.TreeAssert.assertThatTree;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.RolloutSettings.RolloutKind;

class TreeSamplerTest {
  private static final int EOS = 0;
  private static final List<RolloutPrompt> ONE =
      List.of(new RolloutPrompt("one", new int[] {1, 2}));

  private final Settings settings = new Settings();

  @Test
  void fixedBranchingDoublesUntilTheWidthIsReached() {
    settings.fallback = settings.fallback.withPosition(FallbackPosition.NONE);
    FakeDecoder decoder = new FakeDecoder(FakeModel.randomMarkov(5, 1, 1).without(EOS));

    RolloutBatch batch = sample(decoder, ONE);

    // 2, 4, 8 and 8 segments of 4 tokens.
    assertThatTree(batch.trees().get(0))
        .hasTrajectories(8)
        .hasLeaves(8)
        .hasNodes(22)
        .hasChildren(0, 2)
        .hasSampledTokens(88)
        .endsOneTrajectoryAtEachLeaf();
    assertThat(batch.statistics().sharingRatio()).isEqualTo(88.0 / (8 * 16));
    assertThat(batch.statistics().finishes()).isEqualTo(Map.of(FinishReason.MAX_DEPTH, 8L));
    // What siblings have in common is computed once, and the last token of a trajectory never.
    assertThat(decoder.statistics().tokensComputed())
        .isEqualTo(decoder.distinctTokens())
        .isLessThan(2 + 88 - 8);
    assertThat(decoder.statistics().livePaths()).isZero();
  }

  @Test
  void independentTrajectoriesNeverBranch() {
    settings.kind = RolloutKind.INDEPENDENT;
    RolloutBatch batch = sample(new FakeDecoder(FakeModel.randomMarkov(5, 1, 1).without(EOS)), ONE);

    assertThatTree(batch.trees().get(0))
        .hasTrajectories(8)
        .hasChildren(0, 8)
        .hasNodes(32)
        .hasSampledTokens(128);
    assertThat(batch.statistics().sharingRatio()).isEqualTo(1);
  }

  @Test
  void independentTrajectoriesMayComputeThePromptEach() {
    settings.kind = RolloutKind.INDEPENDENT;
    FakeModel model = FakeModel.randomMarkov(5, 1, 1);
    FakeDecoder shared = new FakeDecoder(model);
    FakeDecoder each = new FakeDecoder(model);

    RolloutTree one = sample(shared, ONE).trees().get(0);
    settings.sharePrompt = false;
    RolloutTree other = sample(each, ONE).trees().get(0);

    assertThat(TreeLine.of(other).json()).isEqualTo(TreeLine.of(one).json());
    assertThat(each.statistics().tokensComputed()).isEqualTo(8 * 2 + one.trajectoryTokens() - 8);
    assertThat(shared.statistics().tokensComputed())
        .isEqualTo(shared.distinctTokens())
        .isLessThan(2 + one.trajectoryTokens() - 8);
    assertThat(each.statistics().livePaths()).isZero();
  }

  @Test
  void whatPromptsBeginWithIsComputedOnceUnlessNothingIsToBeShared() {
    settings.kind = RolloutKind.INDEPENDENT;
    int[] system = IntStream.generate(() -> 1).limit(30).toArray();
    List<RolloutPrompt> prompts = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int[] tokens = Arrays.copyOf(system, 32);
      tokens[30] = 2;
      tokens[31] = i;
      prompts.add(new RolloutPrompt("p" + i, tokens));
    }
    FakeModel model = FakeModel.randomMarkov(5, 1, 1);
    FakeDecoder decoder = new FakeDecoder(model);

    RolloutBatch together = sample(decoder, prompts);
    settings.sharePrompt = false;
    RolloutBatch apart = sample(new FakeDecoder(model), prompts);

    assertThat(lines(together)).isEqualTo(lines(apart));
    assertThat(together.statistics().computedPromptTokens()).isEqualTo(31 + 4);
    assertThat(together.promptStatistics())
        .extracting(RolloutStatistics::computedPromptTokens)
        .containsExactly(32L, 1L, 1L, 1L);
    assertThat(apart.statistics().computedPromptTokens()).isEqualTo(4 * 8 * 32);
    assertThat(decoder.statistics().livePaths()).isZero();
  }

  @Test
  void aFallbackInsideASegmentSharesExactlyTheTokensBeforeTheCut() {
    settings.maxWidth = 2;
    settings.branching = 1;
    settings.maxDepth = 2;
    settings.fallback =
        new FallbackSettings(
            FallbackPosition.MIN_LOGPROB_TOKEN, DonorOrder.RANDOM_ALL, 1, 0, 128, 1);
    FakeModel model = FakeModel.randomMarkov(9, 1, 5).without(EOS);
    int splits = 0;
    for (long seed = 0; seed < 20; seed++) {
      RolloutBatch batch = sampler(100).sample(new FakeDecoder(model), ONE, seed, 0, 0);
      RolloutTree tree = batch.trees().get(0);
      Trajectory donor = tree.trajectories().get(0);
      double[] logprobs =
          tree.segments(donor).stream()
              .flatMapToDouble(node -> Arrays.stream(node.logprobs()))
              .toArray();
      int cut = 0;
      for (int i = 1; i < logprobs.length; i++) {
        cut = logprobs[i] < logprobs[cut] ? i : cut;
      }
      // Depth 2 has nothing below it: a cut inside its segment moves back to its start.
      cut = Math.min(cut, 4);

      SegmentNode second =
          tree.nodes().stream().filter(SegmentNode::fallback).findFirst().orElseThrow();
      List<Integer> shared = tree.segments(donor).stream().map(SegmentNode::id).toList();
      int sharedTokens =
          tree.segments(donor).stream()
              .limit(shared.indexOf(second.parent()) + 1L)
              .mapToInt(node -> node.tokens().length)
              .sum();
      assertThat(sharedTokens).isEqualTo(cut);
      assertThat(batch.statistics().fallbacks()).isEqualTo(1);
      assertThat(batch.statistics().trajectoriesBeforeFallback()).isEqualTo(1);
      splits += cut % 4 > 0 ? 1 : 0;
    }
    assertThat(splits).isPositive();
  }

  @Test
  void aModelThatOnlyMakesTooShortResponsesIsGivenUp() {
    settings.minTrajectoryTokens = 2;
    FakeDecoder decoder = new FakeDecoder(FakeModel.repeating(3, EOS));

    RolloutBatch batch = sample(decoder, ONE);

    assertThatTree(batch.trees().get(0)).hasTrajectories(0).hasNodes(0);
    assertThat(batch.statistics().droppedPaths()).isPositive();
    assertThat(batch.statistics().sharingRatio()).isZero();
    assertThat(decoder.statistics().livePaths()).isZero();
  }

  @Test
  void otherSeedsStepsAndPromptIdsGiveOtherTrees() {
    FakeModel model = FakeModel.randomMarkov(9, 1, 5);
    List<RolloutPrompt> other = List.of(new RolloutPrompt("other", ONE.get(0).tokens()));
    List<RolloutPrompt> twice = List.of(ONE.get(0), ONE.get(0));
    TreeSampler sampler = sampler(100);

    int[] first = firstResponse(sampler.sample(new FakeDecoder(model), ONE, 1, 1, 0), 0);

    assertThat(firstResponse(sampler.sample(new FakeDecoder(model), ONE, 1, 1, 0), 0))
        .isEqualTo(first);
    assertThat(firstResponse(sampler.sample(new FakeDecoder(model), ONE, 2, 1, 0), 0))
        .isNotEqualTo(first);
    assertThat(firstResponse(sampler.sample(new FakeDecoder(model), ONE, 1, 2, 0), 0))
        .isNotEqualTo(first);
    assertThat(firstResponse(sampler.sample(new FakeDecoder(model), other, 1, 1, 0), 0))
        .isNotEqualTo(first);
    RolloutBatch both = sampler.sample(new FakeDecoder(model), twice, 1, 1, 0);
    assertThat(firstResponse(both, 0)).isEqualTo(first);
    assertThat(firstResponse(both, 1)).isNotEqualTo(first);
  }

  @Test
  void progressIsToldToTheEnd() {
    List<String> told = new ArrayList<>();

    sampler(100)
        .sample(
            new FakeDecoder(FakeModel.repeating(3, 1)),
            ONE,
            1,
            0,
            0,
            (prompts, trajectories, tokens) ->
                told.add(prompts + " " + trajectories + " " + tokens));

    assertThat(told).hasSize(16).startsWith("0 0 0").endsWith("1 8 88");
  }

  @Test
  void logitsThatAreNoNumbersNameThePrompt() {
    FakeModel broken = FakeModel.markov(new float[][] {{0, 0}, {Float.NaN, 0}});

    assertThatThrownBy(
            () -> sample(new FakeDecoder(broken), List.of(new RolloutPrompt("nan", new int[] {1}))))
        .isInstanceOf(RolloutException.class)
        .hasMessage("sampling failed for prompt nan: the model's logits are not finite");
  }

  @Test
  void aShortRowLetsTheNextPromptBegin() {
    settings.maxBatchPaths = 3;
    List<RolloutPrompt> prompts =
        IntStream.range(0, 5)
            .mapToObj(i -> new RolloutPrompt("p" + i, new int[] {1 + i % 3}))
            .toList();
    FakeDecoder decoder = new FakeDecoder(FakeModel.randomMarkov(5, 1, 3));

    RolloutBatch batch = sample(decoder, prompts);

    assertThat(decoder.largestBatch()).isEqualTo(3);
    assertThat(batch.trees())
        .extracting(RolloutTree::promptId)
        .containsExactly("p0", "p1", "p2", "p3", "p4");
    assertThat(batch.statistics().idleShare()).isBetween(0.0, 0.3);
    assertThat(batch.promptStatistics()).hasSize(5);
  }

  @Test
  void aPromptWithoutRoomIsNamed() {
    assertThatThrownBy(
            () ->
                sampler(4)
                    .sample(
                        new FakeDecoder(FakeModel.repeating(3, 1)),
                        List.of(new RolloutPrompt("long", new int[4])),
                        1,
                        0,
                        0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("prompt long has 4 tokens, which leaves no room below the model's 4");
  }

  @Test
  void noPathIsLongerThanTheModelAllows() {
    RolloutTree tree =
        sampler(7).sample(new FakeDecoder(FakeModel.repeating(3, 1)), ONE, 1, 0, 0).trees().get(0);

    assertThatTree(tree).hasTrajectories(8).hasResponsesWithin(5, 5);
    assertThat(tree.trajectories())
        .extracting(Trajectory::finish)
        .containsOnly(FinishReason.MAX_RESPONSE_TOKENS);
  }

  @Test
  void aFullCacheDelaysButDoesNotChangeTrees() {
    List<RolloutPrompt> prompts =
        IntStream.range(0, 6).mapToObj(i -> new RolloutPrompt("p" + i, new int[] {1, 2})).toList();
    FakeModel model = FakeModel.randomMarkov(5, 1, 3);
    FakeDecoder tight = new FakeDecoder(model).withMaxCachedTokens(130);

    RolloutBatch delayed = sample(tight, prompts);
    RolloutBatch free = sample(new FakeDecoder(model), prompts);

    assertThat(lines(delayed)).isEqualTo(lines(free));
    assertThat(tight.statistics().livePaths()).isZero();
  }

  @Test
  void aCacheTooSmallForOnePromptNamesIt() {
    FakeDecoder tiny = new FakeDecoder(FakeModel.repeating(3, 1)).withMaxCachedTokens(5);

    assertThatThrownBy(() -> sample(tiny, ONE))
        .isInstanceOf(RolloutException.class)
        .hasMessageStartingWith("sampling failed for prompt one: key/value cache needs");
    assertThat(tiny.statistics().livePaths()).isZero();
  }

  private RolloutBatch sample(FakeDecoder decoder, List<RolloutPrompt> prompts) {
    return sampler(10_000).sample(decoder, prompts, 7, 0, 0);
  }

  private TreeSampler sampler(int maxPathTokens) {
    return new TreeSampler(
        settings.build(), TokenText.NONE, id -> true, new int[] {EOS}, maxPathTokens);
  }

  private static int[] firstResponse(RolloutBatch batch, int prompt) {
    RolloutTree tree = batch.trees().get(prompt);
    return tree.response(tree.trajectories().get(0));
  }

  private static List<String> lines(RolloutBatch batch) {
    return batch.trees().stream().map(tree -> TreeLine.of(tree).json().toString()).toList();
  }
}
