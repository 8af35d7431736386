package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.treepo4j.engines.vector.KernelAssertions.assertClose;
import static org.treepo4j.engines.vector.KernelAssertions.assertGradient;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.treepo4j.engines.contract.PlainKernels;

class RmsNormTest {
  private static final double EPS = 1e-5;

  /** A sum of squares loses nothing to cancellation: some roundings of 6e-8 each. */
  private static final double ROUNDING = 1e-6;

  @Property(tries = 40)
  void rowsEqualPlainLoops(
      @ForAll @IntRange(min = 1, max = 70) int rows,
      @ForAll @IntRange(min = 1, max = 150) int width,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll boolean inPlace,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] x = TestModels.coefficients(rows * width, 0.1, random);
    float[] w = TestModels.coefficients(width, 0, random);
    double[][] expected = plain(PlainKernels.widen(x), PlainKernels.widen(w));
    float[] y = inPlace ? x.clone() : new float[x.length];
    float[] again = new float[x.length];
    try (WorkerPool pool = new WorkerPool(threads)) {
      RmsNorm norm = new RmsNorm(pool, EPS);
      float[] inverse = new float[rows];
      norm.forward(rows, width, inPlace ? y : x, w, y, inverse);
      norm.again(rows, width, x, w, inverse, again);
    }
    assertClose(y, expected, ROUNDING);
    assertThat(again).isEqualTo(y);
  }

  @Property(tries = 40)
  void gradientsEqualFiniteDifferences(
      @ForAll @IntRange(min = 1, max = 40) int rows,
      @ForAll @IntRange(min = 1, max = 150) int width,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] x = TestModels.coefficients(rows * width, 0, random);
    float[] w = TestModels.coefficients(width, 0, random);
    float[] dy = TestModels.coefficients(rows * width, 0, random);
    float[] dw = new float[width];
    float[] dx = new float[x.length];
    float[] inverse = new float[rows];
    try (WorkerPool pool = new WorkerPool(threads)) {
      RmsNorm norm = new RmsNorm(pool, EPS);
      norm.forward(rows, width, x, w, new float[x.length], inverse);
      norm.backward(rows, width, x, w, inverse, dy, dw, dx, false);
    }
    double[] wideX = PlainKernels.widen(x);
    double[] wideW = PlainKernels.widen(w);
    assertGradient(dx, x, at -> PlainKernels.dot(dy, plain(at, wideW)), 2e-5, random);
    assertGradient(dw, w, at -> PlainKernels.dot(dy, plain(wideX, at)), 2e-5, random);
  }

  @Property(tries = 20)
  void gradientsAreAddedWhereAskedAndLeftOutWhereNotWanted(
      @ForAll @IntRange(min = 1, max = 40) int rows,
      @ForAll @IntRange(min = 1, max = 150) int width,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] x = TestModels.coefficients(rows * width, 0, random);
    float[] w = TestModels.coefficients(width, 0, random);
    float[] dy = TestModels.coefficients(rows * width, 0, random);
    float[] inverse = new float[rows];
    float[] fresh = new float[x.length];
    float[] added = TestModels.coefficients(x.length, 0, random);
    float[] before = added.clone();
    float[] overDy = dy.clone();
    try (WorkerPool pool = new WorkerPool(threads)) {
      RmsNorm norm = new RmsNorm(pool, EPS);
      norm.forward(rows, width, x, w, new float[x.length], inverse);
      norm.backward(rows, width, x, w, inverse, dy, null, fresh, false);
      norm.backward(rows, width, x, w, inverse, dy, null, added, true);
      norm.backward(rows, width, x, w, inverse, overDy, null, overDy, false);
    }
    assertThat(overDy).isEqualTo(fresh);
    for (int i = 0; i < added.length; i++) {
      assertThat(added[i]).isEqualTo(before[i] + fresh[i]);
    }
  }

  private static double[][] plain(double[] x, double[] w) {
    double[][] rows = PlainKernels.rows(x, w.length);
    for (int row = 0; row < rows.length; row++) {
      rows[row] = PlainKernels.norm(rows[row], w, EPS);
    }
    return rows;
  }
}
