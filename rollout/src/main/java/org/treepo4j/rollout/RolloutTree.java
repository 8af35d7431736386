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
import org.treepo4j.model.TokenTrie;

/**
 * What tree sampling makes of one prompt: segments as nodes below the prompt (node 0), and the
 * trajectories through them. Rollouts grow it, advantages annotate it, the trainer scores it.
 *
 * <p>Immutable but for the arrays, which are not copied. What it is asked for often (response
 * lengths, the token tree) is worked out once.
 *
 * <p>Two segments may hold the same tokens behind the same tokens: siblings that agree, or what a
 * fallback sampled again. They stay two nodes, for rewards and advantages are theirs; to an engine
 * they are one, so {@link #toTokenTree} has every prefix once.
 */
public final class RolloutTree {
  private final String promptId;
  private final int[] promptTokens;
  private final List<SegmentNode> nodes;
  private final List<Trajectory> trajectories;
  private final Map<Integer, SegmentNode> byId;

  /** Index in {@link #nodes} by node id. */
  private final Map<Integer, Integer> indexOf;

  /** Index in {@link #nodes} of every node's parent; −1 for the prompt. */
  private final int[] parents;

  /** Nodes from the prompt to every node, itself included. */
  private final int[] depths;

  /** Response tokens up to the end of every node. */
  private final int[] lengths;

  private final TokenTree tokenTree;

  /** Index in the token tree of every node's tokens. */
  private final int[][] tokenIndices;

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
    byId = new HashMap<>();
    indexOf = new HashMap<>();
    parents = new int[nodes.size()];
    depths = new int[nodes.size()];
    lengths = new int[nodes.size()];
    tokenIndices = new int[nodes.size()][];
    TokenTrie trie = new TokenTrie();
    int promptEnd = append(trie, -1, promptTokens, new int[promptTokens.length]);
    long size = 0;
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
      tokenIndices[i] = new int[node.tokens().length];
      int before = parent < 0 ? promptEnd : last(tokenIndices[parent]);
      append(trie, before, node.tokens(), tokenIndices[i]);
      size += node.tokens().length;
    }
    sampledTokens = size;
    tokenTree = trie.toTree();
    for (Trajectory trajectory : trajectories) {
      index(trajectory);
    }
  }

  private RolloutTree(RolloutTree tree, List<Trajectory> trajectories, TokenTree tokenTree) {
    promptId = tree.promptId;
    promptTokens = tree.promptTokens;
    nodes = tree.nodes;
    indexOf = tree.indexOf;
    byId = tree.byId;
    parents = tree.parents;
    depths = tree.depths;
    lengths = tree.lengths;
    this.tokenTree = tokenTree;
    tokenIndices = tree.tokenIndices;
    sampledTokens = tree.sampledTokens;
    this.trajectories = List.copyOf(trajectories);
    for (Trajectory trajectory : trajectories) {
      index(trajectory);
    }
  }

  /** Appends tokens to a trie, notes their indices and returns the last one. */
  private static int append(TokenTrie trie, int before, int[] tokens, int[] indices) {
    int at = before;
    for (int t = 0; t < tokens.length; t++) {
      at = trie.add(at, tokens[t]);
      indices[t] = at;
    }
    return at;
  }

  private static int last(int[] indices) {
    return indices[indices.length - 1];
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
    return new RolloutTree(this, others, tokenTree);
  }

  /** The same tree with rewards. */
  public RolloutTree withRewards(ToDoubleFunction<Trajectory> reward) {
    return withTrajectories(
        trajectories.stream().map(t -> t.withReward(reward.applyAsDouble(t))).toList());
  }

  /**
   * The same tree, whose tokens went to these experts of a mixture; {@link #toTokenTree} names
   * them.
   *
   * @param experts by the tokens of {@link #toTokenTree}, as {@link TokenTree#experts}
   */
  public RolloutTree withExperts(short[] experts) {
    return new RolloutTree(this, trajectories, tokenTree.withExperts(experts));
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
      int tokens = tokenIndices[i].length;
      System.arraycopy(tokenIndices[i], 0, indices, lengths[i] - tokens, tokens);
    }
    return indices;
  }

  /** Which response tokens of a trajectory the policy chose, {@code [responseLength]}. */
  public boolean[] learned(Trajectory trajectory) {
    boolean[] learned = new boolean[responseLength(trajectory)];
    for (int i : path(trajectory)) {
      boolean[] ofNode = nodes.get(i).learned();
      System.arraycopy(ofNode, 0, learned, lengths[i] - ofNode.length, ofNode.length);
    }
    return learned;
  }

  /** Index in {@link #toTokenTree} of each token of a node; not a copy. */
  public int[] tokenIndices(SegmentNode node) {
    return tokenIndices[indexOf.get(node.id())];
  }

  /**
   * The first node in the order of {@link #nodes} that ends with the same tokens behind the prompt;
   * the node itself when there is none before it.
   */
  public SegmentNode firstAlike(SegmentNode node) {
    int end = last(tokenIndices(node));
    return nodes.stream()
        .filter(other -> last(tokenIndices(other)) == end)
        .findFirst()
        .orElseThrow();
  }

  /** Tokens of all segments, each segment counted once. */
  public long sampledTokens() {
    return sampledTokens;
  }

  /** Sum of the response lengths of all trajectories. */
  public long trajectoryTokens() {
    return trajectories.stream().mapToLong(this::responseLength).sum();
  }

  /** Different prefixes among the sampled tokens: what an engine must compute behind the prompt. */
  public int distinctTokens() {
    return tokenTree.size() - promptTokens.length;
  }

  /**
   * The tree for the engines: every prefix once, the prompt's tokens first, then those of every
   * node in the order of {@link #nodes} that no node before it has.
   */
  public TokenTree toTokenTree() {
    return tokenTree;
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
