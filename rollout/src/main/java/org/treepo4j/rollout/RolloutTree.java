package org.treepo4j.rollout;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.treepo4j.model.TokenTree;

/**
 * What tree sampling makes of one prompt: segments as nodes below the prompt (node 0), and the
 * trajectories through them. Rollouts grow it, advantages annotate it, the trainer scores it.
 *
 * @param promptId names the prompt in files and messages
 * @param promptTokens the trunk, at least one token
 * @param nodes segments, every parent before its children
 * @param trajectories finished paths; several may not end at the same node
 */
public record RolloutTree(
    String promptId, int[] promptTokens, List<SegmentNode> nodes, List<Trajectory> trajectories) {

  public RolloutTree {
    if (promptTokens.length == 0) {
      throw new IllegalArgumentException("prompt " + promptId + " must hold at least one token");
    }
    nodes = List.copyOf(nodes);
    trajectories = List.copyOf(trajectories);
    Map<Integer, SegmentNode> byId = new HashMap<>();
    for (SegmentNode node : nodes) {
      if (node.parent() != 0 && !byId.containsKey(node.parent())) {
        throw new IllegalArgumentException(
            "node " + node.id() + " stands before its parent " + node.parent());
      }
      if (byId.put(node.id(), node) != null) {
        throw new IllegalArgumentException("node id twice: " + node.id());
      }
    }
    for (Trajectory trajectory : trajectories) {
      if (!byId.containsKey(trajectory.leaf())) {
        throw new IllegalArgumentException("trajectory ends at no node: " + trajectory.leaf());
      }
    }
  }

  /** The same tree with other trajectories, for instance with rewards. */
  public RolloutTree withTrajectories(List<Trajectory> others) {
    return new RolloutTree(promptId, promptTokens, nodes, others);
  }

  /** The nodes by id. */
  public Map<Integer, SegmentNode> nodesById() {
    Map<Integer, SegmentNode> byId = new HashMap<>();
    nodes.forEach(node -> byId.put(node.id(), node));
    return byId;
  }

  /** The segments of a trajectory from the first below the prompt to its leaf. */
  public List<SegmentNode> segments(Trajectory trajectory) {
    Map<Integer, SegmentNode> byId = nodesById();
    ArrayDeque<SegmentNode> path = new ArrayDeque<>();
    for (int id = trajectory.leaf(); id != 0; id = path.peekFirst().parent()) {
      path.addFirst(byId.get(id));
    }
    return new ArrayList<>(path);
  }

  /** Response tokens of a trajectory: its segments without the prompt. */
  public int[] response(Trajectory trajectory) {
    return segments(trajectory).stream()
        .flatMapToInt(node -> java.util.Arrays.stream(node.tokens()))
        .toArray();
  }

  /** Tokens of all segments, each counted once. */
  public long sampledTokens() {
    return nodes.stream().mapToLong(node -> node.tokens().length).sum();
  }

  /** Sum of the response lengths of all trajectories. */
  public long trajectoryTokens() {
    return trajectories.stream().mapToLong(t -> response(t).length).sum();
  }

  /**
   * The tree for the engines: the prompt's tokens first, then every node's tokens in the order of
   * {@link #nodes}.
   */
  public TokenTree toTokenTree() {
    int size = promptTokens.length + Math.toIntExact(sampledTokens());
    int[] tokens = new int[size];
    int[] parents = new int[size];
    Map<Integer, Integer> lastTokenOf = new HashMap<>();
    int next = 0;
    int previous = -1;
    for (int token : promptTokens) {
      tokens[next] = token;
      parents[next] = previous;
      previous = next++;
    }
    lastTokenOf.put(0, previous);
    for (SegmentNode node : nodes) {
      previous = lastTokenOf.get(node.parent());
      for (int token : node.tokens()) {
        tokens[next] = token;
        parents[next] = previous;
        previous = next++;
      }
      lastTokenOf.put(node.id(), previous);
    }
    return TokenTree.of(tokens, parents);
  }
}
