package org.treepo4j.rl.train;

import java.util.Map;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.sampling.GroupSampler;

/**
 * Where a run samples and computes: on this machine, or spread over others. The {@link Trainer}
 * does not know which it has; with the same {@code trainer.shards} both give the same weights bit
 * for bit on an engine whose rounding does not depend on the batch.
 */
public interface Backend {

  /** What is trained; whoever changes it tells it so. */
  Policy policy();

  /** Samples the trees that are trained on. */
  GroupSampler groups();

  /** Samples the answers that the policy is measured by. */
  GroupSampler evaluation();

  /** Scores trees and computes gradients. */
  PolicyPasses passes();

  /** What the step that has just ended cost beyond its computation, by the names of metrics. */
  default Map<String, Number> stepMetrics() {
    return Map.of();
  }
}
