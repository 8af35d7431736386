package org.treepo4j.model;

import java.util.ArrayList;
import java.util.List;

/** Keeps an update from being too large: the gradients of all weights are scaled as one vector. */
public final class GradientClipping {
  private static final int PIECE = AdamW.PIECE;

  private GradientClipping() {}

  /** A run of the numbers of one gradient. */
  @SuppressWarnings("ArrayRecordComponent") // a view, compared by nobody
  private record Piece(float[] gradient, int from, int to) {}

  /**
   * Euclidean norm of the gradients of all trainable weights together; NaN or infinite when any
   * gradient is. Computed on all processors; how many does not matter to the last bit.
   */
  public static double globalNorm(Weights weights) {
    List<Piece> pieces = new ArrayList<>();
    for (Parameter parameter : weights.parameters()) {
      if (parameter.trainable()) {
        float[] gradient = parameter.gradient();
        for (int from = 0; from < gradient.length; from += PIECE) {
          pieces.add(new Piece(gradient, from, Math.min(gradient.length, from + PIECE)));
        }
      }
    }
    double[] squares =
        pieces.parallelStream().mapToDouble(GradientClipping::sumOfSquares).toArray();
    double sum = 0;
    for (double square : squares) {
      sum += square;
    }
    return Math.sqrt(sum);
  }

  /**
   * What gradients of this norm are to be multiplied by, so that it is at most {@code maxNorm};
   * exactly 1 for those that need no scaling, and for a norm that is not finite.
   */
  public static float scale(double norm, double maxNorm) {
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException("maxNorm must be positive, was " + maxNorm);
    }
    return norm > maxNorm && norm < Double.POSITIVE_INFINITY ? (float) (maxNorm / norm) : 1;
  }

  /**
   * Scales the gradients so that their global norm is at most {@code maxNorm}.
   *
   * @return the norm before scaling; when it is not finite nothing was scaled and the update should
   *     be skipped
   */
  public static double clip(Weights weights, double maxNorm) {
    double norm = globalNorm(weights);
    float scale = scale(norm, maxNorm);
    if (scale != 1) {
      for (Parameter parameter : weights.parameters()) {
        if (parameter.trainable()) {
          float[] gradient = parameter.gradient();
          for (int i = 0; i < gradient.length; i++) {
            gradient[i] *= scale;
          }
        }
      }
    }
    return norm;
  }

  /** Four sums side by side, since each addition waits for the one before. */
  private static double sumOfSquares(Piece piece) {
    float[] values = piece.gradient;
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = piece.from;
    for (; i <= piece.to - 4; i += 4) {
      s0 += (double) values[i] * values[i];
      s1 += (double) values[i + 1] * values[i + 1];
      s2 += (double) values[i + 2] * values[i + 2];
      s3 += (double) values[i + 3] * values[i + 3];
    }
    for (; i < piece.to; i++) {
      s0 += (double) values[i] * values[i];
    }
    return s0 + s1 + (s2 + s3);
  }
}
