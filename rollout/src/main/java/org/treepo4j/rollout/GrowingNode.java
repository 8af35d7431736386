package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
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

  /** Null for the root. */
  GrowingNode parent() {
    return parent;
  }

  List<GrowingNode> children() {
    return children;
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

  SegmentNode toNode(int id, int parentId) {
    return sampled.toNode(id, parentId, branch, fallback);
  }
}
