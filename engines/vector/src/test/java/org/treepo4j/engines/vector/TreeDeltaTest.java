package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.treepo4j.engines.vector.KernelAssertions.assertClose;
import static org.treepo4j.engines.vector.KernelAssertions.assertGradient;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.engines.contract.PlainDelta;
import org.treepo4j.engines.contract.PlainKernels;
import org.treepo4j.model.TokenTree;

/** The chunked delta rule on trees against its recurrence in float64, chunks of any length. */
class TreeDeltaTest {
  /** Outputs are sums of at most some hundred products of numbers of about one. */
  private static final double ROUNDING = 2e-5;

  private static final int VOCABULARY = 7;

  @Property(tries = 40)
  void everyPathGetsTheOutputsOfItsOwnRecurrence(
      @ForAll @IntRange(min = 1, max = 70) int chunkTokens,
      @ForAll @IntRange(min = 1, max = 200) int size,
      @ForAll @DoubleRange(min = 0, max = 0.4) double branching,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Case c = new Case(chunkTokens, tree(size, branching, new Random(seed)), new Random(seed));
    float[] out = new float[c.layout.rows() * c.rule.valueSize()];
    try (WorkerPool pool = new WorkerPool(threads)) {
      c.delta(pool).forward(c.plan, c.x, c.gates, out);
    }
    assertClose(
        out,
        c.plain(
            PlainKernels.widen(c.x),
            PlainKernels.widen(c.gates.beta()),
            PlainKernels.widen(c.gates.logDecay())),
        ROUNDING);
  }

  @Property(tries = 30)
  void gradientsOfTreesOfThreeLevelsEqualFiniteDifferences(
      @ForAll @IntRange(min = 1, max = 20) int chunkTokens,
      @ForAll @IntRange(min = 1, max = 30) int segment,
      @ForAll @IntRange(min = 1, max = 3) int children,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    Case c = new Case(chunkTokens, threeLevels(segment, children, random), random);
    float[] dOut = TestModels.coefficients(c.layout.rows() * c.rule.valueSize(), 0.1, random);
    float[] dx = new float[c.x.length];
    DeltaGates.Values dGates = c.gates(new float[c.gates.beta().length]);
    try (WorkerPool pool = new WorkerPool(threads)) {
      c.delta(pool).backward(c.plan, c.x, c.gates, dOut, dx, dGates);
    }
    double[] x = PlainKernels.widen(c.x);
    double[] beta = PlainKernels.widen(c.gates.beta());
    double[] decay = PlainKernels.widen(c.gates.logDecay());
    assertGradient(
        dx, c.x, at -> PlainKernels.dot(dOut, c.plain(at, beta, decay)), ROUNDING, random);
    assertGradient(
        dGates.beta(),
        c.gates.beta(),
        at -> PlainKernels.dot(dOut, c.plain(x, at, decay)),
        ROUNDING,
        random);
    assertGradient(
        dGates.logDecay(),
        c.gates.logDecay(),
        at -> PlainKernels.dot(dOut, c.plain(x, beta, at)),
        ROUNDING,
        random);
  }

  @Property(tries = 40)
  void chunksBeginWhereTheirParentsEndAndHoldEveryRowOnce(
      @ForAll @IntRange(min = 1, max = 9) int chunkTokens,
      @ForAll @IntRange(min = 1, max = 60) int size,
      @ForAll @DoubleRange(min = 0, max = 0.6) double branching,
      @ForAll long seed) {
    TreeLayout layout = new TreeLayout(List.of(tree(size, branching, new Random(seed))));
    List<DeltaPlan.Chunk> chunks = new DeltaPlan(layout, chunkTokens).chunks(0);
    int next = 0;
    Set<Integer> ends = new HashSet<>();
    for (DeltaPlan.Chunk chunk : chunks) {
      assertThat(chunk.from()).isEqualTo(next);
      assertThat(chunk.to() - chunk.from()).isBetween(1, chunkTokens);
      int end = chunk.before() < 0 ? -1 : chunks.get(chunk.before()).to() - 1;
      assertThat(layout.parents()[chunk.from()]).isEqualTo(end);
      for (int row = chunk.from() + 1; row < chunk.to(); row++) {
        assertThat(layout.parents()[row]).isEqualTo(row - 1);
      }
      ends.add(chunk.to() - 1);
      next = chunk.to();
    }
    assertThat(next).isEqualTo(size);
    for (int row = 1; row < size; row++) {
      if (layout.parents()[row] != row - 1) {
        assertThat(ends).contains(layout.parents()[row]);
      }
    }
  }

  @Test
  void whatIsForgottenAtOnceLeavesNothingAndNoNan() {
    Case c = new Case(8, TokenTree.chain(new int[20]), new Random(3));
    Arrays.fill(c.gates.logDecay(), -1e4f);
    float[] out = new float[c.layout.rows() * c.rule.valueSize()];
    float[] dx = new float[c.x.length];
    DeltaGates.Values dGates = c.gates(new float[c.gates.beta().length]);
    try (WorkerPool pool = new WorkerPool(1)) {
      c.delta(pool).forward(c.plan, c.x, c.gates, out);
      c.delta(pool).backward(c.plan, c.x, c.gates, out, dx, dGates);
    }
    assertClose(
        out,
        c.plain(
            PlainKernels.widen(c.x),
            PlainKernels.widen(c.gates.beta()),
            PlainKernels.widen(c.gates.logDecay())),
        ROUNDING);
    assertThat(dx).doesNotContain(Float.NaN);
    assertThat(dGates.logDecay()).containsOnly(0f);
  }

  private static TokenTree tree(int size, double branching, Random random) {
    int[] tokens = random.ints(size, 0, VOCABULARY).toArray();
    int[] parents = new int[size];
    for (int i = 0; i < size; i++) {
      parents[i] = i > 0 && random.nextDouble() < branching ? random.nextInt(i) : i - 1;
    }
    return TokenTree.of(tokens, parents);
  }

  /** A trunk, branches from anywhere in it, branches from anywhere in these. */
  private static TokenTree threeLevels(int segment, int children, Random random) {
    int branches = 1 + children + children * children;
    int[] parents = new int[segment * branches];
    for (int branch = 0; branch < branches; branch++) {
      int from = branch * segment;
      int above = (branch - 1) / children * segment;
      parents[from] = branch == 0 ? -1 : above + random.nextInt(segment);
      for (int i = 1; i < segment; i++) {
        parents[from + i] = from + i - 1;
      }
    }
    return TokenTree.of(random.ints(parents.length, 0, VOCABULARY).toArray(), parents);
  }

  /** Inputs of a layer as the convolution and the gates would leave them. */
  private static final class Case {
    private final DeltaRule rule = new DeltaRule(2, 4, 6, 5, 4);
    private final TreeLayout layout;
    private final DeltaPlan plan;
    private final int chunkTokens;
    private final float[] x;
    private final DeltaGates.Values gates;

    Case(int chunkTokens, TokenTree tree, Random random) {
      this.chunkTokens = chunkTokens;
      layout = new TreeLayout(List.of(tree));
      plan = new DeltaPlan(layout, chunkTokens);
      x = TestModels.coefficients(layout.rows() * rule.convSize(), 0, random);
      for (int at = 0; at < x.length; at += rule.keyDim()) {
        int column = at % rule.convSize();
        if (column + rule.keyDim() <= 2 * rule.keySize()) {
          float length = (float) Math.sqrt(RowMath.dot(x, at, x, at, rule.keyDim()));
          RowMath.scale(x, at, 1 / length, x, at, rule.keyDim());
        } else {
          at += rule.convSize() - column - rule.keyDim();
        }
      }
      float[] beta = new float[layout.rows() * rule.valueHeads()];
      gates = gates(beta);
      for (int i = 0; i < beta.length; i++) {
        beta[i] = random.nextFloat();
        // From hardly at all to almost everything at once.
        gates.logDecay()[i] = (float) -Math.exp(4 * random.nextDouble() - 3);
      }
    }

    DeltaGates.Values gates(float[] beta) {
      return new DeltaGates.Values(rule.valueHeads(), beta, new float[beta.length]);
    }

    TreeDelta delta(WorkerPool pool) {
      return new TreeDelta(pool, rule, chunkTokens);
    }

    /** Outputs by row. */
    double[][] plain(double[] wideX, double[] beta, double[] logDecay) {
      double[][] rows = PlainKernels.rows(wideX, rule.convSize());
      double[][][] states = new double[rows.length][rule.valueHeads()][];
      double[][] out = new double[rows.length][rule.valueSize()];
      for (int row = 0; row < rows.length; row++) {
        int parent = layout.parents()[row];
        for (int head = 0; head < rule.valueHeads(); head++) {
          int from = head / rule.group() * rule.keyDim();
          int valueAt = 2 * rule.keySize() + head * rule.valueDim();
          int at = row * rule.valueHeads() + head;
          double[] state =
              parent < 0
                  ? new double[rule.keyDim() * rule.valueDim()]
                  : states[parent][head].clone();
          double[] o =
              PlainDelta.step(
                  state,
                  Arrays.copyOfRange(rows[row], from, from + rule.keyDim()),
                  Arrays.copyOfRange(
                      rows[row], rule.keySize() + from, rule.keySize() + from + rule.keyDim()),
                  Arrays.copyOfRange(rows[row], valueAt, valueAt + rule.valueDim()),
                  beta[at],
                  Math.exp(logDecay[at]));
          states[row][head] = state;
          System.arraycopy(o, 0, out[row], head * rule.valueDim(), rule.valueDim());
        }
      }
      return out;
    }
  }
}
