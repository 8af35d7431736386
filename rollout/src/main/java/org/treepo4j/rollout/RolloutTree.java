package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.treepo4j.model.TokenTree;

/**
 * What tree sampling makes of one prompt: segments as nodes below the prompt (node 0), and the
 * trajectories through them. Rollouts grow it, advantages annotate it, the trainer scores it.
 *
 * <p>Immutable but for the arrays, which are not copied. What it is asked for often (response
 * lengths, places in the token tree) is worked out once.
 */
public final class RolloutTree {
  private final String promptId;
  private final int[] promptTokens;
  private final List<SegmentNode> nodes;
  private final List<Trajectory> trajectories;
  private final Map<Integer, SegmentNode> byId = new HashMap<>();

  /** Index in {@link #nodes} by node id. */
  private final Map<Integer, Integer> indexOf = new HashMap<>();

  /** Index in {@link #nodes} of every node's parent; −1 for the prompt. */
  private final int[] parents;

  /** Nodes from the prompt to every node, itself included. */
  private final int[] depths;

  /** Response tokens up to the end of every node. */
  private final int[] lengths;

  /** Index in the token tree of every node's first token. */
  private final int[] firstTokens;

  private final long sampledTokens;

  /**
   * @param promptId names the prompt in files and messages
   * @param promptTokens the trunk, at least one token
   * @param nodes segments, every parent before its children
   * @param trajectories finished paths, in the order they finished
   * @throws IllegalArgumentException when a node stands before its parent, an id occurs twice or a
   *     trajectory ends at no node
   */
  public RolloutTree(
      String promptId, int[] promptTokens, List<SegmentNode> nodes, List<Trajectory> trajectories) {
    this.promptId = Objects.requireNonNull(promptId, "promptId");
    this.promptTokens = promptTokens;
    this.nodes = List.copyOf(nodes);
    this.trajectories = List.copyOf(trajectories);
    if (promptTokens.length == 0) {
      throw new IllegalArgumentException("prompt " + promptId + " must hold at least one token");
    }
    parents = new int[nodes.size()];
    depths = new int[nodes.size()];
    lengths = new int[nodes.size()];
    firstTokens = new int[nodes.size()];
    int size = promptTokens.length;
    for (int i = 0; i < parents.length; i++) {
      SegmentNode node = nodes.get(i);
      Integer parent = node.parent() == 0 ? Integer.valueOf(-1) : indexOf.get(node.parent());
      if (parent == null) {
        throw new IllegalArgumentException(
            "node " + node.id() + " stands before its parent " + node.parent());
      }
      if (indexOf.put(node.id(), i) != null) {
        throw new IllegalArgumentException("node id twice: " + node.id());
      }
      byId.put(node.id(), node);
      parents[i] = parent;
      depths[i] = parent < 0 ? 1 : depths[parent] + 1;
      lengths[i] = node.tokens().length + (parent < 0 ? 0 : lengths[parent]);
      firstTokens[i] = size;
      size = Math.addExact(size, node.tokens().length);
    }
    sampledTokens = size - promptTokens.length;
    for (Trajectory trajectory : trajectories) {
      index(trajectory);
    }
  }

  public String promptId() {
    return promptId;
  }

  /** The trunk; not a copy. */
  public int[] promptTokens() {
    return promptTokens;
  }

  /** Segments, every parent before its children. */
  public List<SegmentNode> nodes() {
    return nodes;
  }

  /** Finished paths. */
  public List<Trajectory> trajectories() {
    return trajectories;
  }

  /** The same tree with other trajectories, for instance with rewards. */
  public RolloutTree withTrajectories(List<Trajectory> others) {
    return new RolloutTree(promptId, promptTokens, nodes, others);
  }

  /** The same tree with rewards. */
  public RolloutTree withRewards(ToDoubleFunction<Trajectory> reward) {
    return withTrajectories(
        trajectories.stream().map(t -> t.withReward(reward.applyAsDouble(t))).toList());
  }

  /** The nodes by id. */
  public Map<Integer, SegmentNode> nodesById() {
    return Collections.unmodifiableMap(byId);
  }

  /** The segments of a trajectory from the first below the prompt to its leaf. */
  public List<SegmentNode> segments(Trajectory trajectory) {
    List<SegmentNode> segments = new ArrayList<>();
    for (int i : path(trajectory)) {
      segments.add(nodes.get(i));
    }
    return segments;
  }

  /**
   * Ids of the nodes of a trajectory from the first below the prompt to its leaf, {@code [depth]}.
   */
  public int[] nodeIds(Trajectory trajectory) {
    int[] ids = path(trajectory);
    Arrays.setAll(ids, i -> nodes.get(ids[i]).id());
    return ids;
  }

  /** Number of nodes a trajectory passes through. */
  public int depth(Trajectory trajectory) {
    return depths[index(trajectory)];
  }

  /** Number of response tokens of a trajectory. */
  public int responseLength(Trajectory trajectory) {
    return lengths[index(trajectory)];
  }

  /** Response tokens of a trajectory: its segments without the prompt. */
  public int[] response(Trajectory trajectory) {
    int[] response = new int[responseLength(trajectory)];
    for (int i : path(trajectory)) {
      int[] tokens = nodes.get(i).tokens();
      System.arraycopy(tokens, 0, response, lengths[i] - tokens.length, tokens.length);
    }
    return response;
  }

  /** Index in {@link #toTokenTree} of each response token, {@code [responseLength]}. */
  public int[] tokenIndices(Trajectory trajectory) {
    int[] indices = new int[responseLength(trajectory)];
    for (int i : path(trajectory)) {
      int tokens = nodes.get(i).tokens().length;
      for (int t = 0; t < tokens; t++) {
        indices[lengths[i] - tokens + t] = firstTokens[i] + t;
      }
    }
    return indices;
  }

  /** Index in {@link #toTokenTree} of the first token of a node. */
  public int firstTokenIndex(SegmentNode node) {
    return firstTokens[indexOf.get(node.id())];
  }

  /** Tokens of all segments, each counted once. */
  public long sampledTokens() {
    return sampledTokens;
  }

  /** Sum of the response lengths of all trajectories. */
  public long trajectoryTokens() {
    return trajectories.stream().mapToLong(this::responseLength).sum();
  }

  /**
   * The tree for the engines: the prompt's tokens first, then every node's tokens in the order of
   * {@link #nodes}.
   */
  public TokenTree toTokenTree() {
    int size = promptTokens.length + Math.toIntExact(sampledTokens);
    int[] tokens = Arrays.copyOf(promptTokens, size);
    int[] treeParents = new int[size];
    for (int t = 0; t < promptTokens.length; t++) {
      treeParents[t] = t - 1;
    }
    for (int i = 0; i < parents.length; i++) {
      int[] own = nodes.get(i).tokens();
      int first = firstTokens[i];
      System.arraycopy(own, 0, tokens, first, own.length);
      treeParents[first] = lastToken(parents[i]);
      for (int t = 1; t < own.length; t++) {
        treeParents[first + t] = first + t - 1;
      }
    }
    return TokenTree.of(tokens, treeParents);
  }

  /** Index in the token tree of the last token of the node at {@code index}; −1 for the prompt. */
  private int lastToken(int index) {
    return index < 0
        ? promptTokens.length - 1
        : firstTokens[index] + nodes.get(index).tokens().length - 1;
  }

  private int index(Trajectory trajectory) {
    Integer index = indexOf.get(trajectory.leaf());
    if (index == null) {
      throw new IllegalArgumentException("trajectory ends at no node: " + trajectory.leaf());
    }
    return index;
  }

  /** Indices in {@link #nodes} from the first below the prompt to the leaf. */
  private int[] path(Trajectory trajectory) {
    int leaf = index(trajectory);
    int[] path = new int[depths[leaf]];
    for (int i = leaf, d = path.length - 1; d >= 0; i = parents[i], d--) {
      path[d] = i;
    }
    return path;
  }
}
