package org.treepo4j.rl.advantage;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.treepo4j.rl.advantage.AdvantageBreakdown.SegmentAdvantage;

/**
 * Values of a tree's nodes from bottom to top: a leaf is worth its trajectory's outcome (the mean,
 * should several end there), an inner node the plain mean of its children (also where a trajectory
 * ends at it, as in the recipe), the root nothing.
 */
final class NodeValues {
  /** Below this the recipe takes a standard deviation for zero (numpy's isclose). */
  private static final double NO_DEVIATION = 1e-8;

  private static final int PROMPT = 0;

  private final TrajectoryGroups tree;
  private final Map<Integer, Double> values = new HashMap<>();

  /**
   * @param outcomes what the leaves are worth, {@code [trajectory]}
   */
  NodeValues(TrajectoryGroups tree, double[] outcomes) {
    this.tree = tree;
    Map<Integer, List<Double>> ending = new HashMap<>();
    for (int i = 0; i < outcomes.length; i++) {
      int leaf = tree.node(i, tree.depth(i));
      ending.computeIfAbsent(leaf, node -> new ArrayList<>()).add(outcomes[i]);
    }
    ending.forEach(
        (leaf, all) ->
            values.put(
                leaf, all.stream().mapToDouble(Double::doubleValue).average().orElseThrow()));
    for (int depth = tree.depth() - 1; depth > 0; depth--) {
      for (int i = 0; i < outcomes.length; i++) {
        if (depth < tree.depth(i)) {
          int node = tree.node(i, depth);
          values.put(
              node, tree.children(node).stream().mapToDouble(values::get).average().orElseThrow());
        }
      }
    }
    values.put(PROMPT, 0.0);
  }

  /** Gives the prompt the mean of its children as well, where it is worth nothing at first. */
  void valuePromptByItsChildren() {
    values.put(PROMPT, tree.children(PROMPT).stream().mapToDouble(values::get).average().orElse(0));
  }

  double of(int node) {
    return values.get(node);
  }

  /** Population standard deviation of a node's children, 0 where they are all but equal. */
  double deviationBelow(int parent) {
    List<Integer> siblings = tree.children(parent);
    double mean = siblings.stream().mapToDouble(values::get).average().orElseThrow();
    double variance =
        siblings.stream()
            .mapToDouble(node -> Math.pow(values.get(node) - mean, 2))
            .average()
            .orElseThrow();
    double deviation = Math.sqrt(variance);
    return deviation <= NO_DEVIATION ? 0 : deviation;
  }

  /** Standardises the values among siblings; an only child keeps its value. */
  void standardiseSiblings() {
    Map<Integer, Double> standardised = new HashMap<>(values);
    for (int parent : values.keySet()) {
      List<Integer> siblings = tree.children(parent);
      if (siblings.size() < 2) {
        continue;
      }
      double mean = siblings.stream().mapToDouble(values::get).average().orElseThrow();
      double deviation = deviationBelow(parent);
      for (int node : siblings) {
        standardised.put(node, deviation == 0 ? 0 : (values.get(node) - mean) / deviation);
      }
    }
    values.putAll(standardised);
  }

  /**
   * The advantages of a trajectory's segments, {@code V(node) − V(parent)}; with {@code eta > 0}
   * the parent counts {@code eta^(L − k)}, L nodes on the path with the root, k the node's depth.
   */
  List<SegmentAdvantage> advantages(int trajectory, double eta) {
    int nodes = tree.depth(trajectory) + 1;
    return IntStream.range(1, nodes)
        .mapToObj(
            depth -> {
              double value = values.get(tree.node(trajectory, depth));
              double parent = values.get(tree.node(trajectory, depth - 1));
              double weight = eta > 0 ? Math.pow(eta, nodes - depth) : 1;
              return tree.segment(trajectory, depth, value, value - weight * parent);
            })
        .toList();
  }
}
