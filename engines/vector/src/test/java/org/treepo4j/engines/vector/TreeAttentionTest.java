package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.treepo4j.engines.vector.KernelAssertions.assertClose;
import static org.treepo4j.engines.vector.KernelAssertions.assertGradient;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.engines.contract.PlainKernels;
import org.treepo4j.engines.vector.SoftmaxLanes.Normalizers;
import org.treepo4j.model.TokenTree;

class TreeAttentionTest {
  /** Scores of about one are sums of up to 40 products; weights add up to one. */
  private static final double ROUNDING = 5e-6;

  @Property(tries = 30)
  void tokensSeeThemselvesAndTheirAncestorsOnly(
      @ForAll @IntRange(min = 1, max = 3) int kvHeads,
      @ForAll @IntRange(min = 1, max = 5) int group,
      @ForAll @IntRange(min = 1, max = 20) int half,
      @ForAll @IntRange(min = 1, max = 200) int size,
      @ForAll @DoubleRange(min = 0, max = 0.5) double branching,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Case c = new Case(kvHeads, group, 2 * half, size, branching, new Random(seed));
    float[] out = new float[c.q.length];
    try (WorkerPool pool = new WorkerPool(threads)) {
      c.attention(pool).forward(c.layout, c.window, c.q, c.k, c.v, out, c.normalizers());
    }
    double[] q = PlainKernels.widen(c.q);
    assertClose(out, c.plain(q, PlainKernels.widen(c.k), PlainKernels.widen(c.v)), ROUNDING);
  }

  @Property(tries = 30)
  void gradientsEqualFiniteDifferences(
      @ForAll @IntRange(min = 1, max = 3) int kvHeads,
      @ForAll @IntRange(min = 1, max = 4) int group,
      @ForAll @IntRange(min = 1, max = 10) int half,
      @ForAll @IntRange(min = 1, max = 120) int size,
      @ForAll @DoubleRange(min = 0, max = 0.5) double branching,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    Case c = new Case(kvHeads, group, 2 * half, size, branching, random);
    float[] dOut = TestModels.coefficients(c.q.length, 0.1, random);
    Gradients found = c.gradients(threads, dOut);
    double[] q = PlainKernels.widen(c.q);
    double[] k = PlainKernels.widen(c.k);
    double[] v = PlainKernels.widen(c.v);
    assertGradient(
        found.q(), c.q, at -> PlainKernels.dot(dOut, c.plain(at, k, v)), ROUNDING, random);
    assertGradient(
        found.k(), c.k, at -> PlainKernels.dot(dOut, c.plain(q, at, v)), ROUNDING, random);
    assertGradient(
        found.v(), c.v, at -> PlainKernels.dot(dOut, c.plain(q, k, at)), ROUNDING, random);
  }

  /** Scores are exact in float32 here, so that nothing but the softmax rounds. */
  @Property(tries = 30)
  void gradientsAtScoresOfTenThousandEqualFiniteDifferences(
      @ForAll @IntRange(min = 1, max = 3) int kvHeads,
      @ForAll @IntRange(min = 1, max = 4) int group,
      @ForAll @IntRange(min = 2, max = 120) int size,
      @ForAll long seed) {
    Random random = new Random(seed);
    Case c = new Case(kvHeads, group, 16, size, 0.2, random);
    c.wholeNumbers(200, random);
    float[] dOut = TestModels.coefficients(c.q.length, 0.1, random);
    Gradients found = c.gradients(2, dOut);
    double[] q = PlainKernels.widen(c.q);
    double[] k = PlainKernels.widen(c.k);
    double[] v = PlainKernels.widen(c.v);
    assertGradient(found.q(), c.q, at -> PlainKernels.dot(dOut, c.plain(at, k, v)), 1e-4, random);
    assertGradient(found.k(), c.k, at -> PlainKernels.dot(dOut, c.plain(q, at, v)), 1e-4, random);
    assertGradient(found.v(), c.v, at -> PlainKernels.dot(dOut, c.plain(q, k, at)), 1e-5, random);
  }

  @Property(tries = 30)
  void aTokenThatIsNoAncestorDoesNotChangeABit(
      @ForAll @IntRange(min = 1, max = 3) int kvHeads,
      @ForAll @IntRange(min = 1, max = 4) int group,
      @ForAll @IntRange(min = 1, max = 20) int half,
      @ForAll @IntRange(min = 2, max = 200) int size,
      @ForAll @DoubleRange(min = 0, max = 0.5) double branching,
      @ForAll long seed) {
    Random random = new Random(seed);
    Case c = new Case(kvHeads, group, 2 * half, size, branching, random);
    int changed = random.nextInt(c.layout.rows());
    float[] dOut = TestModels.coefficients(c.q.length, 0, random);
    Gradients before = c.gradients(2, dOut);
    c.enlarge(changed);
    Gradients after = c.gradients(2, dOut);
    for (int row = 0; row < c.layout.rows(); row++) {
      if (!c.sees(row, changed)) {
        assertThat(c.row(after.out(), row)).isEqualTo(c.row(before.out(), row));
        assertThat(c.row(after.q(), row)).isEqualTo(c.row(before.q(), row));
      }
    }
  }

  @Property(tries = 30)
  void gradientsReachAncestorsOnly(
      @ForAll @IntRange(min = 1, max = 3) int kvHeads,
      @ForAll @IntRange(min = 1, max = 4) int group,
      @ForAll @IntRange(min = 1, max = 20) int half,
      @ForAll @IntRange(min = 2, max = 200) int size,
      @ForAll @DoubleRange(min = 0, max = 0.5) double branching,
      @ForAll long seed) {
    Random random = new Random(seed);
    Case c = new Case(kvHeads, group, 2 * half, size, branching, random);
    int source = random.nextInt(c.layout.rows());
    float[] dOut = new float[c.q.length];
    Arrays.fill(dOut, source * c.width(dOut), (source + 1) * c.width(dOut), 1f);
    Gradients found = c.gradients(2, dOut);
    for (int row = 0; row < c.layout.rows(); row++) {
      if (!c.sees(source, row)) {
        assertThat(c.row(found.k(), row)).containsOnly(0f);
        assertThat(c.row(found.v(), row)).containsOnly(0f);
      }
    }
  }

  /** Else the rounding of a gradient that is zero grows with the query, which may be large. */
  @Property(tries = 30)
  void whereOneKeyHasAllTheWeightNoScoreHasAGradient(
      @ForAll @IntRange(min = 1, max = 3) int kvHeads,
      @ForAll @IntRange(min = 1, max = 5) int group,
      @ForAll @IntRange(min = 1, max = 40) int half,
      @ForAll @IntRange(min = 1, max = 150) int size,
      @ForAll long seed) {
    Random random = new Random(seed);
    Case c = new Case(kvHeads, group, 2 * half, size, 0.3, random);
    float[] dOut = TestModels.coefficients(c.q.length, 0, random);
    for (int row = 0; row < c.layout.rows(); row++) {
      if (c.seen[row].length > 1) {
        Arrays.fill(dOut, row * c.width(dOut), (row + 1) * c.width(dOut), 0f);
      }
    }
    Gradients found = c.gradients(2, dOut);
    for (float[] gradient : new float[][] {found.q(), found.k()}) {
      for (float value : gradient) {
        assertThat(Math.abs(value)).isZero();
      }
    }
  }

  /** Results of a forward and a backward pass. */
  private record Gradients(float[] out, float[] q, float[] k, float[] v) {}

  /** Random queries, keys and values for a few random trees. */
  private static final class Case {
    final HeadShape shape;
    final int window;
    final TreeLayout layout;
    final int[][] seen;
    final float[] q;
    final float[] k;
    final float[] v;

    Case(int kvHeads, int group, int dim, int size, double branching, Random random) {
      ModelConfig plain = TestModels.withHeads(kvHeads * group, kvHeads, dim, RopeScaling.NONE);
      Design.Caps caps = new Design.Caps(random.nextBoolean() ? 0 : 2.5, 0);
      ModelConfig config = plain.withDesign(Design.PLAIN.withCaps(caps));
      shape = HeadShape.of(config);
      window = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(size);
      List<TokenTree> trees = new ArrayList<>();
      trees.add(TestModels.tree(config, size, branching, random));
      trees.add(TestModels.tree(config, 1 + size / 3, branching, random));
      layout = new TreeLayout(trees);
      seen = new int[layout.rows()][];
      for (int tree = 0; tree < trees.size(); tree++) {
        int[] rows = layout.rowsOf(tree);
        for (int token = 0; token < rows.length; token++) {
          int[] path = trees.get(tree).path(token);
          if (window > 0 && window < path.length) {
            path = Arrays.copyOfRange(path, path.length - window, path.length);
          }
          seen[rows[token]] = Arrays.stream(path).map(ancestor -> rows[ancestor]).toArray();
        }
      }
      q = TestModels.coefficients(layout.rows() * shape.querySize(), 0, random);
      k = TestModels.coefficients(layout.rows() * shape.kvSize(), 0, random);
      v = TestModels.coefficients(layout.rows() * shape.kvSize(), 0, random);
    }

    boolean sees(int row, int other) {
      return Arrays.stream(seen[row]).anyMatch(ancestor -> ancestor == other);
    }

    /** A hundred times the usual size: a weight that is only very small would show. */
    void enlarge(int row) {
      for (float[] x : List.of(q, k, v)) {
        for (int i = row * width(x); i < (row + 1) * width(x); i++) {
          x[i] *= -100;
        }
      }
    }

    /** Queries and keys of small whole numbers behind a large first one. */
    void wholeNumbers(int large, Random random) {
      for (float[] x : List.of(q, k)) {
        for (int i = 0; i < x.length; i++) {
          x[i] = i % shape.dim() == 0 ? large : random.nextInt(5) - 2;
        }
      }
    }

    TreeAttention attention(WorkerPool pool) {
      return new TreeAttention(pool, shape);
    }

    Normalizers normalizers() {
      Normalizers normalizers = new Normalizers();
      normalizers.reserve(layout.rows() * shape.heads());
      return normalizers;
    }

    int width(float[] x) {
      return x.length / layout.rows();
    }

    float[] row(float[] x, int row) {
      return Arrays.copyOfRange(x, row * width(x), (row + 1) * width(x));
    }

    Gradients gradients(int threads, float[] dOut) {
      Gradients found =
          new Gradients(
              new float[q.length], new float[q.length], new float[k.length], new float[v.length]);
      try (WorkerPool pool = new WorkerPool(threads)) {
        TreeAttention attention = attention(pool);
        Normalizers normalizers = normalizers();
        attention.forward(layout, window, q, k, v, found.out(), normalizers);
        attention.backward(
            layout,
            window,
            q,
            k,
            v,
            found.out(),
            normalizers,
            dOut,
            found.q(),
            found.k(),
            found.v());
      }
      return found;
    }

    double[][] plain(double[] wideQ, double[] wideK, double[] wideV) {
      double[][] out = PlainKernels.rows(wideQ, shape.querySize());
      double[][] keys = PlainKernels.rows(wideK, shape.kvSize());
      double[][] values = PlainKernels.rows(wideV, shape.kvSize());
      for (int row = 0; row < out.length; row++) {
        out[row] =
            PlainKernels.attend(
                seen[row],
                shape.heads(),
                shape.group(),
                shape.scale(),
                shape.cap(),
                out[row],
                keys,
                values);
      }
      return out;
    }
  }
}
