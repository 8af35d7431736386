package org.treepo4j.rollout;

import java.util.Objects;

/**
 * A path from the root to a leaf node.
 *
 * @param leaf id of the node it ends with
 * @param finish why it ended
 * @param reward outcome score with shaping, or NaN before rewards are given
 */
public record Trajectory(int leaf, FinishReason finish, double reward) {

  public Trajectory {
    if (leaf <= 0) {
      throw new IllegalArgumentException("leaf must be the id of a node, was " + leaf);
    }
    Objects.requireNonNull(finish, "finish");
  }

  public Trajectory withReward(double newReward) {
    return new Trajectory(leaf, finish, newReward);
  }
}
