package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.function.ToDoubleFunction;

/** Comparisons of float32 kernels with float64; test inputs are of unit size. */
final class KernelAssertions {
  /** With float64, differences are then right to about nine digits. */
  private static final double STEP = 1e-5;

  private static final int PROBES = 4;

  private KernelAssertions() {}

  /** Every element, relative to its size or, for small ones, to one. */
  static void assertClose(float[] actual, double[][] rows, double tolerance) {
    int i = 0;
    for (double[] row : rows) {
      for (double expected : row) {
        assertThat((double) actual[i++])
            .isCloseTo(expected, within(tolerance * (1 + Math.abs(expected))));
      }
    }
    assertThat(actual).hasSize(i);
  }

  /**
   * Compares a gradient with central differences along one random direction, in which every element
   * has a part, and along some axes. The tolerance is relative to the greatest element: that is the
   * size of the terms that cancel in the others.
   *
   * @param at where the gradient was taken
   * @param objective in float64
   */
  static void assertGradient(
      float[] gradient,
      float[] at,
      ToDoubleFunction<double[]> objective,
      double tolerance,
      Random random) {
    double greatest = 0;
    for (float value : gradient) {
      greatest = Math.max(greatest, Math.abs(value));
    }
    double limit = tolerance * (1 + greatest);
    assertSlope(gradient, at, direction(at.length, random), objective, limit);
    for (int probe = 0; probe < PROBES; probe++) {
      double[] axis = new double[at.length];
      axis[random.nextInt(axis.length)] = 1;
      assertSlope(gradient, at, axis, objective, limit);
    }
  }

  private static void assertSlope(
      float[] gradient,
      float[] at,
      double[] direction,
      ToDoubleFunction<double[]> objective,
      double limit) {
    double[] up = new double[at.length];
    double[] down = new double[at.length];
    double slope = 0;
    for (int i = 0; i < at.length; i++) {
      up[i] = at[i] + STEP * direction[i];
      down[i] = at[i] - STEP * direction[i];
      slope += gradient[i] * direction[i];
    }
    double expected = (objective.applyAsDouble(up) - objective.applyAsDouble(down)) / (2 * STEP);
    assertThat(slope).isCloseTo(expected, within(limit));
  }

  /** A random vector of length one. */
  private static double[] direction(int size, Random random) {
    double[] direction = new double[size];
    double square = 0;
    for (int i = 0; i < size; i++) {
      direction[i] = random.nextGaussian();
      square += direction[i] * direction[i];
    }
    for (int i = 0; i < size; i++) {
      direction[i] /= Math.sqrt(square);
    }
    return direction;
  }
}
