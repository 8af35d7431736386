package org.treepo4j.rollout;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Turns the grown nodes of a prompt into a {@link RolloutTree}. */
final class GrowingTree {
  private GrowingTree() {}

  /**
   * Nodes that lie on a trajectory, numbered from 1 in depth-first order, children in the order
   * they began. Paths that were dropped leave no node.
   */
  static RolloutTree finish(RolloutPrompt prompt, GrowingNode root, List<FinishedPath> finished) {
    Set<GrowingNode> wanted = Collections.newSetFromMap(new IdentityHashMap<>());
    for (FinishedPath path : finished) {
      for (GrowingNode node = path.leaf(); node != null && wanted.add(node); ) {
        node = node.parent();
      }
    }
    Map<GrowingNode, Integer> ids = new IdentityHashMap<>();
    ids.put(root, 0);
    List<SegmentNode> nodes = new ArrayList<>();
    Deque<GrowingNode> pending = new ArrayDeque<>();
    pushChildren(root, wanted, pending);
    while (!pending.isEmpty()) {
      GrowingNode node = pending.pop();
      int id = nodes.size() + 1;
      ids.put(node, id);
      nodes.add(node.toNode(id, ids.get(node.parent())));
      pushChildren(node, wanted, pending);
    }
    List<Trajectory> trajectories = new ArrayList<>();
    for (FinishedPath path : finished) {
      trajectories.add(new Trajectory(ids.get(path.leaf()), path.finish(), Double.NaN));
    }
    return new RolloutTree(prompt.id(), prompt.tokens(), nodes, trajectories);
  }

  private static void pushChildren(
      GrowingNode node, Set<GrowingNode> wanted, Deque<GrowingNode> pending) {
    for (int i = node.children().size() - 1; i >= 0; i--) {
      if (wanted.contains(node.children().get(i))) {
        pending.push(node.children().get(i));
      }
    }
  }
}
