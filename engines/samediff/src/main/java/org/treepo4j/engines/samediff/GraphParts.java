package org.treepo4j.engines.samediff;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Pieces that graphs are built of. Only operations whose gradients were verified against finite
 * differences are used anywhere in this package; several others of SameDiff 1.0.0-M2.1 are silently
 * wrong (gather, min and max, division by a scalar variable, cumsum, …), and some are only for
 * small numbers (swish, gelu, logSoftmax).
 */
final class GraphParts {

  private GraphParts() {}

  /**
   * RMSNorm over {@code last}, the last dimension: {@code x / √(mean(x²) + ε) ⊙ weight} (Zhang
   * &amp; Sennrich 2019).
   */
  static SDVariable rmsNorm(
      SameDiff graph, SDVariable x, int last, SDVariable weight, double epsilon) {
    SDVariable meanSquare = x.mul(x).mean(true, last);
    return x.mul(graph.math().rsqrt(meanSquare.add(epsilon))).mul(weight);
  }

  /** A norm's weight as it multiplies: some families store what is to be added to one. */
  static SDVariable factor(SDVariable weight, boolean addOne) {
    return addOne ? weight.add(1.0) : weight;
  }

  /** {@code cap·tanh(x/cap)}; {@code x} itself for a cap of 0. */
  static SDVariable softCap(SameDiff graph, SDVariable x, double cap) {
    return cap == 0 ? x : graph.math().tanh(x.mul(1 / cap)).mul(cap);
  }

  /**
   * {@code x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))} (Hendrycks and Gimpel 2016), of operations
   * that are right at all sizes.
   */
  static SDVariable gelu(SameDiff graph, SDVariable x) {
    SDVariable inner = x.mul(x).mul(0.044715).add(1.0).mul(x).mul(Math.sqrt(2 / Math.PI));
    return x.mul(graph.math().tanh(inner).add(1.0)).mul(0.5);
  }

  /** A linear layer: {@code x·weightᵀ} with {@code x [rows, in]} and {@code weight [out, in]}. */
  static SDVariable linear(SameDiff graph, SDVariable x, SDVariable weight) {
    return graph.mmul(x, weight, false, true, false);
  }

  /**
   * {@code x·sigmoid(x)} (Elfwing et al. 2017). ND4J's own {@code swish} has no finite derivative
   * above 44.
   */
  static SDVariable silu(SameDiff graph, SDVariable x) {
    return x.mul(graph.nn().sigmoid(x));
  }
}
