package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.TokenTree;

class RolloutTreeTest {

  @Provide
  Arbitrary<RolloutCase> cases() {
    return RolloutCase.any();
  }

  @Property(tries = 200)
  void tokenIndicesNameTheResponseInTheTokenTree(@ForAll("cases") RolloutCase rollout) {
    for (RolloutTree tree : rollout.sample(new FakeDecoder(rollout.model())).trees()) {
      TokenTree tokens = tree.toTokenTree();
      assertThat(tokens.size()).isEqualTo(tree.promptTokens().length + tree.distinctTokens());
      assertThat(prefixes(tokens)).doesNotHaveDuplicates();
      for (Trajectory trajectory : tree.trajectories()) {
        int[] indices = tree.tokenIndices(trajectory);
        int[] response = tree.response(trajectory);
        assertThat(indices).hasSize(tree.responseLength(trajectory)).hasSameSizeAs(response);
        int parent = tree.promptTokens().length - 1;
        for (int i = 0; i < indices.length; i++) {
          assertThat(tokens.tokens()[indices[i]]).isEqualTo(response[i]);
          assertThat(tokens.parents()[indices[i]]).isEqualTo(parent);
          parent = indices[i];
        }
        int[] ids = tree.nodeIds(trajectory);
        assertThat(ids).hasSize(tree.depth(trajectory));
        assertThat(ids[ids.length - 1]).isEqualTo(trajectory.leaf());
        assertThat(tree.segments(trajectory)).extracting(SegmentNode::id).hasSize(ids.length);
      }
    }
  }

  @Test
  void siblingsThatBeginAlikeShareTokensAndStayNodes() {
    double[] two = new double[2];
    List<SegmentNode> nodes =
        List.of(
            new SegmentNode(1, 0, new int[] {5, 6}, two, two, two),
            new SegmentNode(2, 1, new int[] {7, 8}, two, two, two),
            new SegmentNode(3, 0, new int[] {5, 6}, two, two, two),
            new SegmentNode(4, 3, new int[] {7, 9}, two, two, two));
    List<Trajectory> trajectories =
        List.of(new Trajectory(2, FinishReason.EOS, 0), new Trajectory(4, FinishReason.EOS, 1));
    RolloutTree tree = new RolloutTree("p", new int[] {1}, nodes, trajectories);

    assertThat(tree.toTokenTree().tokens()).containsExactly(1, 5, 6, 7, 8, 9);
    assertThat(tree.toTokenTree().parents()).containsExactly(-1, 0, 1, 2, 3, 3);
    assertThat(tree.tokenIndices(trajectories.get(1))).containsExactly(1, 2, 3, 5);
    assertThat(tree.tokenIndices(nodes.get(3))).containsExactly(3, 5);
    assertThat(tree.sampledTokens()).isEqualTo(8);
    assertThat(tree.distinctTokens()).isEqualTo(5);
    assertThat(tree.firstAlike(nodes.get(2))).isSameAs(nodes.get(0));
    assertThat(tree.firstAlike(nodes.get(3))).isSameAs(nodes.get(3));
    assertThat(tree.withRewards(t -> 2).toTokenTree()).isSameAs(tree.toTokenTree());
  }

  private static List<List<Integer>> prefixes(TokenTree tokens) {
    return IntStream.range(0, tokens.size())
        .mapToObj(
            token -> Arrays.stream(tokens.path(token)).mapToObj(i -> tokens.tokens()[i]).toList())
        .toList();
  }

  @Test
  void treesThatAreNoneAreRefused() {
    SegmentNode one = node(1, 0);
    Trajectory toTwo = new Trajectory(2, FinishReason.EOS, 0);

    refused(List.of(node(2, 1), one), List.of(), "node 2 stands before its parent 1");
    refused(List.of(one, node(1, 0)), List.of(), "node id twice: 1");
    refused(List.of(one), List.of(toTwo), "trajectory ends at no node: 2");
    assertThatThrownBy(() -> new RolloutTree("p", new int[0], List.of(), List.of()))
        .hasMessage("prompt p must hold at least one token");
  }

  private static void refused(
      List<SegmentNode> nodes, List<Trajectory> trajectories, String message) {
    assertThatThrownBy(() -> new RolloutTree("p", new int[1], nodes, trajectories))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  private static SegmentNode node(int id, int parent) {
    return new SegmentNode(id, parent, new int[1], new double[1], new double[1], new double[1]);
  }
}
