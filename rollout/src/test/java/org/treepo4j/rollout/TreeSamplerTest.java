package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.treepo4j.rollout.TreeAssert.assertThatTree;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

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
    assertThat(batch.statistics().finishes())
        .isEqualTo(java.util.Map.of(FinishReason.MAX_DEPTH, 8L));
    // The last token of a trajectory is sampled but never computed.
    assertThat(decoder.statistics().tokensComputed()).isEqualTo(2 + 88 - 8);
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
    assertThat(each.statistics().tokensComputed())
        .isEqualTo(shared.statistics().tokensComputed() + 7 * 2);
    assertThat(each.statistics().livePaths()).isZero();
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

  private static List<String> lines(RolloutBatch batch) {
    return batch.trees().stream().map(tree -> TreeLine.of(tree).json().toString()).toList();
  }
}
