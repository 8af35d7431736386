package org.treepo4j.engines.samediff;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Pieces that graphs are built of. Only operations whose gradients were verified against finite
 * differences are used anywhere in this package; several others of SameDiff 1.0.0-M2.1 are silently
 * wrong (gather, min and max, division by a scalar variable, cumsum, …).
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

  /** A linear layer: {@code x·weightᵀ} with {@code x [rows, in]} and {@code weight [out, in]}. */
  static SDVariable linear(SameDiff graph, SDVariable x, SDVariable weight) {
    return graph.mmul(x, weight, false, true, false);
  }

  /**
   * An input whose gradient can be asked for by {@code name}: SameDiff gives no dependable gradient
   * of a placeholder, but does of its sum with a variable.
   */
  static SDVariable differentiableInput(SameDiff graph, String name, int width) {
    SDVariable given = graph.placeHolder(given(name), DataType.FLOAT, -1, width);
    SDVariable zero = graph.var(zero(name), Nd4j.zeros(DataType.FLOAT, 1, width));
    return given.add(name, zero);
  }

  /** The placeholder of a differentiable input. */
  static String given(String name) {
    return name + "Given";
  }

  /** The variable that makes an input differentiable. */
  static String zero(String name) {
    return name + "Zero";
  }
}
