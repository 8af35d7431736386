package org.treepo4j.model;

/** Keeps an update from being too large: the gradients of all weights are scaled as one vector. */
public final class GradientClipping {

  private GradientClipping() {}

  /**
   * Euclidean norm of the gradients of all trainable weights together; NaN or infinite when any
   * gradient is.
   */
  public static double globalNorm(Weights weights) {
    double squares = 0;
    for (Parameter parameter : weights.parameters()) {
      if (parameter.trainable()) {
        squares += sumOfSquares(parameter.gradient());
      }
    }
    return Math.sqrt(squares);
  }

  /**
   * Scales the gradients so that their global norm is at most {@code maxNorm}.
   *
   * @return the norm before scaling; when it is not finite nothing was scaled and the update should
   *     be skipped
   */
  public static double clip(Weights weights, double maxNorm) {
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException("maxNorm must be positive, was " + maxNorm);
    }
    double norm = globalNorm(weights);
    if (norm > maxNorm && norm < Double.POSITIVE_INFINITY) {
      float scale = (float) (maxNorm / norm);
      for (Parameter parameter : weights.parameters()) {
        if (parameter.trainable()) {
          scale(parameter.gradient(), scale);
        }
      }
    }
    return norm;
  }

  private static double sumOfSquares(float[] values) {
    double squares = 0;
    for (float value : values) {
      squares += (double) value * value;
    }
    return squares;
  }

  private static void scale(float[] values, float factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
  }
}
