package org.treepo4j.rollout;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.treepo4j.rollout.BranchingPolicy.PathScores;

/** A segment of a tree that still grows, or the root, which holds no tokens. */
final class GrowingNode {
  private GrowingNode parent;
  private int start;
  private SampledTokens sampled;
  private final int branch;
  private boolean fallback;
  private final List<GrowingNode> children = new ArrayList<>();

  private GrowingNode(
      GrowingNode parent, int start, SampledTokens sampled, int branch, boolean fallback) {
    this.parent = parent;
    this.start = start;
    this.sampled = sampled;
    this.branch = branch;
    this.fallback = fallback;
  }

  static GrowingNode root() {
    return new GrowingNode(null, 0, new SampledTokens(), 0, false);
  }

  GrowingNode addChild(SampledTokens tokens, int childBranch, boolean atFallback) {
    GrowingNode child = new GrowingNode(this, end(), tokens, childBranch, atFallback);
    children.add(child);
    return child;
  }

  SampledTokens sampled() {
    return sampled;
  }

  /** Number of response tokens up to the end of this node. */
  int end() {
    return start + sampled.size();
  }

  /** The nodes from below the root to this one. */
  List<GrowingNode> path() {
    List<GrowingNode> path = new ArrayList<>();
    for (GrowingNode node = this; node.parent != null; node = node.parent) {
      path.add(node);
    }
    Collections.reverse(path);
    return path;
  }

  /** Response tokens up to the end of this node. */
  int[] response() {
    int[] tokens = new int[end()];
    for (GrowingNode node = this; node.parent != null; node = node.parent) {
      for (int i = 0; i < node.sampled.size(); i++) {
        tokens[node.start + i] = node.sampled.token(i);
      }
    }
    return tokens;
  }

  PathScores scores() {
    double sum = 0;
    for (GrowingNode node : path()) {
      sum += node.sampled.sumOfLogprobs();
    }
    int tokens = sampled.size();
    return new PathScores(
        sum, sum / end(), sampled.sumOfLogprobs() / tokens, sampled.sumOfEntropies() / tokens);
  }

  /**
   * The node on the path to this one that ends after {@code length} response tokens; cuts a segment
   * in two where there is none. This node stays the end of its path.
   */
  GrowingNode at(int length) {
    GrowingNode node = this;
    while (node.parent != null && node.start >= length) {
      node = node.parent;
    }
    return node.end() == length ? node : node.cut(length - node.start);
  }

  /** Moves the first {@code tokens} tokens into a new node above this one, and returns it. */
  private GrowingNode cut(int tokens) {
    GrowingNode upper = new GrowingNode(parent, start, sampled.slice(0, tokens), branch, fallback);
    parent.children.set(parent.children.indexOf(this), upper);
    upper.children.add(this);
    parent = upper;
    start += tokens;
    sampled = sampled.slice(tokens, sampled.size());
    fallback = false;
    return upper;
  }

  /**
   * The {@link RolloutTree} below this root: nodes that lie on a trajectory, numbered from 1 in
   * depth-first order, children in the order they began. Paths that were dropped leave no node.
   */
  RolloutTree toTree(RolloutPrompt prompt, List<FinishedPath> finished) {
    Set<GrowingNode> wanted = Collections.newSetFromMap(new IdentityHashMap<>());
    for (FinishedPath path : finished) {
      for (GrowingNode node = path.leaf(); node != null && wanted.add(node); ) {
        node = node.parent;
      }
    }
    Map<GrowingNode, Integer> ids = new IdentityHashMap<>();
    ids.put(this, 0);
    List<SegmentNode> nodes = new ArrayList<>();
    Deque<GrowingNode> pending = new ArrayDeque<>();
    pushChildren(wanted, pending);
    while (!pending.isEmpty()) {
      GrowingNode node = pending.pop();
      int id = nodes.size() + 1;
      ids.put(node, id);
      nodes.add(node.sampled.toNode(id, ids.get(node.parent), node.branch, node.fallback));
      node.pushChildren(wanted, pending);
    }
    List<Trajectory> trajectories = new ArrayList<>();
    for (FinishedPath path : finished) {
      trajectories.add(new Trajectory(ids.get(path.leaf()), path.finish(), Double.NaN));
    }
    RolloutTree tree = new RolloutTree(prompt.id(), prompt.tokens(), nodes, trajectories);
    short[] experts = experts(tree, finished);
    return experts.length == 0 ? tree : tree.withExperts(experts);
  }

  /**
   * Experts by the tokens of the token tree; empty where paths know none. A token of several paths
   * has those of the first that knows them: the others were sampled behind the same tokens by the
   * same policy, so theirs differ by rounding at most.
   */
  private static short[] experts(RolloutTree tree, List<FinishedPath> finished) {
    int prompt = tree.promptTokens().length;
    short[] byToken = new short[0];
    for (int i = 0; i < finished.size(); i++) {
      short[] ofPath = finished.get(i).experts();
      int[] response = tree.tokenIndices(tree.trajectories().get(i));
      int perToken = ofPath.length / (prompt + response.length);
      if (i == 0) {
        byToken = new short[tree.toTokenTree().size() * perToken];
        Arrays.fill(byToken, (short) -1);
      }
      for (int t = 0; t < prompt + response.length && perToken > 0; t++) {
        int token = t < prompt ? t : response[t - prompt];
        if (byToken[token * perToken] < 0) {
          System.arraycopy(ofPath, t * perToken, byToken, token * perToken, perToken);
        }
      }
    }
    return byToken;
  }

  private void pushChildren(Set<GrowingNode> wanted, Deque<GrowingNode> pending) {
    for (int i = children.size() - 1; i >= 0; i--) {
      if (wanted.contains(children.get(i))) {
        pending.push(children.get(i));
      }
    }
  }
}
