package org.treepo4j.rollout;

import java.util.List;

/**
 * Shares the children of one step among the active paths of a prompt (algorithm page, 2.3). {@link
 * Allotment} has the paper's; {@link TreeSampler#withBranching} takes any other. A policy that
 * draws at random must do so by the scores alone, or trees depend on the order of the batch.
 */
@FunctionalInterface
public interface BranchingPolicy {

  /**
   * Children of each path: at least one each, {@code total} together.
   *
   * @param paths active paths in the order they came to be
   * @param total children to share, at least one for each path
   * @param temperature of the shares at this point of training ({@code rollout.allotment})
   */
  int[] children(List<PathScores> paths, int total, double temperature);

  /**
   * What a policy may know of an active path.
   *
   * @param cumulativeLogprob sum over the response, in nats
   * @param normalisedLogprob mean over the response
   * @param nodeLogprob mean over the last segment
   * @param nodeEntropy mean step entropy of the last segment
   */
  record PathScores(
      double cumulativeLogprob, double normalisedLogprob, double nodeLogprob, double nodeEntropy) {}

  /**
   * The same policy, whose answers are held against its contract.
   *
   * @throws IllegalStateException from {@link #children} for an answer that breaks it
   */
  default BranchingPolicy checked() {
    return (paths, total, temperature) -> {
      int[] children = children(paths, total, temperature);
      if (children == null || children.length != paths.size()) {
        throw new IllegalStateException(
            "the branching policy must give the children of %d paths, gave %s"
                .formatted(
                    paths.size(), children == null ? "null" : "those of " + children.length));
      }
      long sum = 0;
      for (int count : children) {
        sum += count;
        if (count < 1) {
          throw new IllegalStateException(
              "the branching policy must give every path a child, gave one " + count);
        }
      }
      if (sum != total) {
        throw new IllegalStateException(
            "the branching policy must give %d paths %d children together, gave %d"
                .formatted(paths.size(), total, sum));
      }
      return children;
    };
  }
}
