package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
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
      assertThat(tokens.size()).isEqualTo(tree.promptTokens().length + tree.sampledTokens());
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
