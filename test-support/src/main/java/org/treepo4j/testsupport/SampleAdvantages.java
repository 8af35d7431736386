package org.treepo4j.testsupport;

import java.util.List;

/** TreePO advantages with plain averaging over depths, whitened over the tokens of the batch. */
final class SampleAdvantages {
  private SampleAdvantages() {}

  static void annotate(List<SampleTree> batch) {
    for (SampleTree tree : batch) {
      for (SampleTree.Path path : tree.trajectories()) {
        path.advantage = raw(tree, path);
      }
    }
    double tokens = 0;
    double sum = 0;
    for (SampleTree tree : batch) {
      for (SampleTree.Path path : tree.trajectories()) {
        tokens += path.tokens();
        sum += path.tokens() * path.advantage;
      }
    }
    double mean = sum / tokens;
    double squares = 0;
    for (SampleTree tree : batch) {
      for (SampleTree.Path path : tree.trajectories()) {
        squares += path.tokens() * Math.pow(path.advantage - mean, 2);
      }
    }
    double deviation = Math.sqrt(squares / (tokens - 1) + 1e-8);
    for (SampleTree tree : batch) {
      tree.trajectories().forEach(path -> path.advantage = (path.advantage - mean) / deviation);
    }
  }

  private static double raw(SampleTree tree, SampleTree.Path path) {
    double sum = 0;
    int kept = 0;
    for (int depth = 0; depth < path.nodes.size(); depth++) {
      int prefix = depth;
      List<SampleTree.Path> group =
          tree.trajectories().stream()
              .filter(
                  other ->
                      other.nodes.size() >= prefix
                          && other.nodes.subList(0, prefix).equals(path.nodes.subList(0, prefix)))
              .toList();
      if (depth == 0 || group.size() > 1) {
        sum += path.reward - group.stream().mapToDouble(p -> p.reward).average().orElse(0);
        kept++;
      }
    }
    return sum / kept;
  }
}
