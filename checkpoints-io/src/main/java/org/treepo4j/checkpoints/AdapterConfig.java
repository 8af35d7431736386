package org.treepo4j.checkpoints;

import java.util.List;

/**
 * The settings of a LoRA adapter: each adapted weight W [out, in] becomes {@code W + alpha/rank · B
 * · A} with A [rank, in] and B [out, rank].
 *
 * @param rank inner width ({@code r})
 * @param alpha numerator of the scale ({@code lora_alpha})
 * @param targetModules last names of the adapted projections, such as {@code q_proj}
 */
public record AdapterConfig(int rank, double alpha, List<String> targetModules) {

  private static final int MAX_RANK = 1 << 14;

  public AdapterConfig {
    if (rank <= 0) {
      throw new IllegalArgumentException("rank must be positive, was " + rank);
    }
    if (rank > MAX_RANK) {
      throw new IllegalArgumentException("rank must be at most " + MAX_RANK + ", was " + rank);
    }
    if (!(alpha > 0) || Double.isInfinite(alpha)) {
      throw new IllegalArgumentException("alpha must be positive, was " + alpha);
    }
    targetModules = List.copyOf(targetModules);
    if (targetModules.isEmpty()) {
      throw new IllegalArgumentException("targetModules must not be empty");
    }
  }

  /** What B · A is multiplied with. */
  public double scale() {
    return alpha / rank;
  }
}
