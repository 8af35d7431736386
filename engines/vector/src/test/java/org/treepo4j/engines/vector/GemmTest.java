package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class GemmTest {
  private enum Form {
    NT,
    NN,
    TN;

    boolean aTransposed() {
      return this == TN;
    }

    boolean bTransposed() {
      return this == NT;
    }
  }

  @Property(tries = 60)
  void productsEqualPlainLoops(
      @ForAll @IntRange(min = 1, max = 150) int m,
      @ForAll @IntRange(min = 1, max = 150) int n,
      @ForAll @IntRange(min = 1, max = 300) int k,
      @ForAll Form form,
      @ForAll boolean add,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll @IntRange(min = 0, max = 5) int slack,
      @ForAll long seed) {
    Random random = new Random(seed);
    Matrix a = random(form.aTransposed() ? k : m, form.aTransposed() ? m : k, slack, random);
    Matrix b = random(form.bTransposed() ? n : k, form.bTransposed() ? k : n, slack, random);
    Matrix c = random(m, n, slack, random);
    float[] before = c.values().clone();
    multiply(form, m, n, k, a, b, c, add, threads);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = add ? before[c.at(i, j)] : 0;
        for (int l = 0; l < k; l++) {
          sum +=
              (double) a.values()[form.aTransposed() ? a.at(l, i) : a.at(i, l)]
                  * b.values()[form.bTransposed() ? b.at(j, l) : b.at(l, j)];
        }
        assertThat((double) c.values()[c.at(i, j)]).isCloseTo(sum, within(1e-4));
      }
    }
    for (int i = 0; i < c.offset(); i++) {
      assertThat(c.values()[i]).isEqualTo(before[i]);
    }
  }

  /** So no tile, no edge and no number of rows or workers changes a bit; k crosses a slice. */
  @Property(tries = 60)
  void everyElementIsOneChainOfFusedMultiplyAdds(
      @ForAll @IntRange(min = 1, max = 40) int m,
      @ForAll @IntRange(min = 1, max = 110) int n,
      @ForAll @IntRange(min = 1, max = 1100) int k,
      @ForAll Form form,
      @ForAll boolean add,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    Matrix a = random(form.aTransposed() ? k : m, form.aTransposed() ? m : k, 3, random);
    Matrix b = random(form.bTransposed() ? n : k, form.bTransposed() ? k : n, 3, random);
    Matrix c = random(m, n, 3, random);
    float[] expected = c.values().clone();
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        float sum = add ? expected[c.at(i, j)] : 0;
        for (int l = 0; l < k; l++) {
          float left = a.values()[form.aTransposed() ? a.at(l, i) : a.at(i, l)];
          sum = Math.fma(left, b.values()[form.bTransposed() ? b.at(j, l) : b.at(l, j)], sum);
        }
        expected[c.at(i, j)] = sum;
      }
    }
    multiply(form, m, n, k, a, b, c, add, threads);
    assertThat(c.values()).isEqualTo(expected);
  }

  @Property(tries = 60)
  void aTailGoesOnWithTheChains(
      @ForAll @IntRange(min = 1, max = 120) int m,
      @ForAll @IntRange(min = 1, max = 110) int n,
      @ForAll @IntRange(min = 1, max = 1100) int k,
      @ForAll @IntRange(min = 1, max = 40) int tailK,
      @ForAll boolean transposedB,
      @ForAll boolean add,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    Form form = transposedB ? Form.NT : Form.NN;
    Matrix a = random(m, k, 3, random);
    Matrix b = random(transposedB ? n : k, transposedB ? k : n, 3, random);
    Matrix tailA = random(m, tailK, 2, random);
    Matrix tailB = random(transposedB ? n : tailK, transposedB ? tailK : n, 1, random);
    Matrix c = random(m, n, 3, random);
    Matrix apart = new Matrix(c.values().clone(), c.offset(), c.stride());
    multiply(form, m, n, k, a, b, apart, add, threads);
    multiply(form, m, n, tailK, tailA, tailB, apart, true, threads);
    try (WorkerPool pool = new WorkerPool(threads)) {
      Gemm gemm = new Gemm(pool);
      Gemm.Tail tail = new Gemm.Tail(tailK, tailA, tailB);
      if (transposedB) {
        gemm.nt(m, n, k, a, b, tail, c, add);
      } else {
        gemm.nn(m, n, k, a, b, tail, c, add);
      }
    }
    assertThat(c.values()).isEqualTo(apart.values());
  }

  @Property(tries = 60)
  void slimProductsAreTheSameChains(
      @ForAll @IntRange(min = 1, max = 90) int m,
      @ForAll @IntRange(min = 1, max = 110) int n,
      @ForAll @IntRange(min = 1, max = 1100) int k,
      @ForAll boolean transposedB,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    Matrix a = random(m, k, 3, random);
    Matrix b = random(transposedB ? n : k, transposedB ? k : n, 3, random);
    int width = Gemm.slimWidth(n);
    float[] c = random(m, width, 0, random).values();
    float[] expected = new float[m * width];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        for (int l = 0; l < k; l++) {
          float right = b.values()[transposedB ? b.at(j, l) : b.at(l, j)];
          float sum = expected[i * width + j];
          expected[i * width + j] = Math.fma(a.values()[a.at(i, l)], right, sum);
        }
      }
    }
    try (WorkerPool pool = new WorkerPool(threads)) {
      new Gemm(pool).slim(m, n, k, a, b, transposedB, c);
    }
    assertThat(c).isEqualTo(expected);
  }

  private static void multiply(
      Form form, int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean add, int threads) {
    try (WorkerPool pool = new WorkerPool(threads)) {
      Gemm gemm = new Gemm(pool);
      switch (form) {
        case NT -> gemm.nt(m, n, k, a, b, c, add);
        case NN -> gemm.nn(m, n, k, a, b, c, add);
        case TN -> gemm.tn(m, n, k, a, b, c, add);
      }
    }
  }

  private static Matrix random(int rows, int columns, int slack, Random random) {
    float[] values = new float[slack + rows * (columns + slack)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new Matrix(values, slack, columns + slack);
  }
}
