package org.treepo4j.report.explain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.treepo4j.rollout.RolloutTree;

/** The sub-groups of a tree: the trajectories that pass through each node (algorithm page, 1). */
final class SubGroups {

  /**
   * One of them.
   *
   * @param node 0 for the prompt, and so for the whole group
   * @param depth segments its members share; 0 for the whole group
   * @param members indices of its trajectories
   * @param mean their mean reward
   * @param differ whether their rewards differ
   */
  record Group(int node, int depth, List<Integer> members, double mean, boolean differ) {}

  private SubGroups() {}

  /** All sub-groups of two and more trajectories, from the whole group down. */
  static List<Group> of(RolloutTree tree) {
    Map<Integer, List<Integer>> members = new LinkedHashMap<>();
    Map<Integer, Integer> depths = new LinkedHashMap<>();
    members.put(0, new ArrayList<>());
    depths.put(0, 0);
    tree.nodes().forEach(node -> members.put(node.id(), new ArrayList<>()));
    for (int i = 0; i < tree.trajectories().size(); i++) {
      members.get(0).add(i);
      int depth = 0;
      for (int node : tree.nodeIds(tree.trajectories().get(i))) {
        members.get(node).add(i);
        depths.put(node, ++depth);
      }
    }
    List<Group> groups = new ArrayList<>();
    members.forEach(
        (node, inside) -> {
          if (inside.size() > 1) {
            groups.add(group(tree, node, depths.get(node), inside));
          }
        });
    return groups;
  }

  private static Group group(RolloutTree tree, int node, int depth, List<Integer> members) {
    double[] rewards =
        members.stream().mapToDouble(i -> tree.trajectories().get(i).reward()).toArray();
    double sum = 0;
    boolean differ = false;
    for (double reward : rewards) {
      sum += reward;
      differ |= reward != rewards[0];
    }
    return new Group(node, depth, List.copyOf(members), sum / rewards.length, differ);
  }
}
