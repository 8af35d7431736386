package org.treepo4j.rollout;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.AbstractAssert;

/** Words for what tests say about rollout trees. */
final class TreeAssert extends AbstractAssert<TreeAssert, RolloutTree> {

  private TreeAssert(RolloutTree tree) {
    super(tree, TreeAssert.class);
  }

  static TreeAssert assertThatTree(RolloutTree tree) {
    return new TreeAssert(tree);
  }

  TreeAssert hasTrajectories(int expected) {
    return check(
        actual.trajectories().size() == expected,
        "%d trajectories, was %d",
        expected,
        actual.trajectories().size());
  }

  TreeAssert hasAtMostTrajectories(int most) {
    return check(
        actual.trajectories().size() <= most,
        "at most %d trajectories, was %d",
        most,
        actual.trajectories().size());
  }

  TreeAssert hasNodes(int expected) {
    return check(
        actual.nodes().size() == expected, "%d nodes, was %d", expected, actual.nodes().size());
  }

  /** Nodes without children. */
  TreeAssert hasLeaves(int expected) {
    long leaves = actual.nodes().stream().filter(n -> childrenOf(n.id()).isEmpty()).count();
    return check(leaves == expected, "%d leaves, was %d", expected, leaves);
  }

  /** Children of the prompt, or of a node. */
  TreeAssert hasChildren(int node, int expected) {
    int children = childrenOf(node).size();
    return check(children == expected, "%d children of %d, was %d", expected, node, children);
  }

  TreeAssert hasSampledTokens(long expected) {
    return check(
        actual.sampledTokens() == expected,
        "%d sampled tokens, was %d",
        expected,
        actual.sampledTokens());
  }

  /** The trajectories and the leaves are the same nodes, and each ends one trajectory. */
  TreeAssert endsOneTrajectoryAtEachLeaf() {
    Set<Integer> leaves = new HashSet<>();
    for (Trajectory trajectory : actual.trajectories()) {
      check(leaves.add(trajectory.leaf()), "one trajectory at node %d", trajectory.leaf());
      check(childrenOf(trajectory.leaf()).isEmpty(), "node %d to be a leaf", trajectory.leaf());
    }
    return hasLeaves(leaves.size());
  }

  TreeAssert hasResponsesWithin(int least, int most) {
    for (Trajectory trajectory : actual.trajectories()) {
      int length = actual.responseLength(trajectory);
      check(length >= least && length <= most, "%d..%d tokens, was %d", least, most, length);
    }
    return this;
  }

  TreeAssert hasNodesOfAtMost(int tokens) {
    for (SegmentNode node : actual.nodes()) {
      check(node.tokens().length <= tokens, "at most %d tokens in %s", tokens, node);
    }
    return this;
  }

  private List<SegmentNode> childrenOf(int id) {
    return actual.nodes().stream().filter(node -> node.parent() == id).toList();
  }

  private TreeAssert check(boolean holds, String expected, Object... arguments) {
    isNotNull();
    if (!holds) {
      failWithMessage("expected tree %s to have " + expected, prepend(arguments));
    }
    return this;
  }

  private Object[] prepend(Object[] arguments) {
    Object[] all = new Object[arguments.length + 1];
    all[0] = actual.promptId();
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return all;
  }
}
