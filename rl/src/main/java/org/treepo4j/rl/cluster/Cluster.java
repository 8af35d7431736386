package org.treepo4j.rl.cluster;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.rl.reward.Reward;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.train.Backend;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rollout.BranchingPolicy;

/** Machines over which the steps of a run can be spread. */
public interface Cluster extends AutoCloseable {

  /**
   * What a run gives to those who compute it.
   *
   * @param settings of the run, its output folder included
   * @param policy with the weights to begin or go on with; what its optimiser changes stays here
   * @param workerBytes memory that a worker needs for it ({@link
   *     org.treepo4j.rl.train.MemoryEstimate#ofWorker})
   * @param reward that takes the place of the settings'; must be {@link java.io.Serializable}
   * @param branching likewise
   */
  record Run(
      TrainSettings settings,
      Policy policy,
      long workerBytes,
      Optional<Reward> reward,
      Optional<BranchingPolicy> branching) {}

  /** Opens the connection that a run needs, when the run needs it. */
  @FunctionalInterface
  interface Connection {

    /**
     * @throws org.treepo4j.base.InputException when nothing can be reached there
     */
    Cluster open();
  }

  /**
   * Makes ready to compute a run.
   *
   * @throws org.treepo4j.base.InputException naming the worker that cannot take part, and why
   * @throws IOException for files of the model that cannot be read
   */
  Backend backend(Run run) throws IOException;

  /** Workers with their cores, memory and versions, for people and as JSON. */
  Map<String, Object> report();

  @Override
  void close();
}
