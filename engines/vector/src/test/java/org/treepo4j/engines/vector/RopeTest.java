package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.treepo4j.engines.vector.KernelAssertions.assertClose;
import static org.treepo4j.engines.vector.KernelAssertions.assertGradient;

import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.engines.contract.PlainKernels;
import org.treepo4j.model.Weights;

class RopeTest {
  /** Sine, cosine and two products, each rounded to 6e-8. */
  private static final double ROUNDING = 1e-6;

  @Property(tries = 40)
  void pairsTurnByPositionTimesFrequency(
      @ForAll("scalings") RopeScaling scaling,
      @ForAll @IntRange(min = 1, max = 70) int rows,
      @ForAll @IntRange(min = 1, max = 5) int heads,
      @ForAll @IntRange(min = 1, max = 40) int half,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    ModelConfig config = TestModels.withHeads(heads, 1, 2 * half, scaling);
    float[] x = TestModels.coefficients(rows * heads * 2 * half, 0, random);
    try (WorkerPool pool = new WorkerPool(threads)) {
      Rope rope = new Rope(pool, new Weights(config, List.of()), config.rotary(0).orElseThrow());
      for (int reach : new int[] {10, 3000, 500}) {
        int[] positions = random.ints(rows, 0, reach).toArray();
        float[] turned = x.clone();
        rope.forward(rows, heads, positions, turned);
        assertClose(turned, plain(config, PlainKernels.widen(x), positions), ROUNDING);

        float[] byRow = x.clone();
        for (int row = 0; row < rows; row++) {
          rope.row(byRow, row * heads * 2 * half, heads, positions[row]);
        }
        assertThat(byRow).isEqualTo(turned);
      }
    }
  }

  @Property(tries = 20)
  void gradientsEqualFiniteDifferences(
      @ForAll("scalings") RopeScaling scaling,
      @ForAll @IntRange(min = 1, max = 40) int rows,
      @ForAll @IntRange(min = 1, max = 5) int heads,
      @ForAll @IntRange(min = 1, max = 40) int half,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    ModelConfig config = TestModels.withHeads(heads, 1, 2 * half, scaling);
    float[] x = TestModels.coefficients(rows * heads * 2 * half, 0, random);
    float[] dy = TestModels.coefficients(x.length, 0, random);
    int[] positions = random.ints(rows, 0, 1000).toArray();
    float[] dx = dy.clone();
    try (WorkerPool pool = new WorkerPool(threads)) {
      new Rope(pool, new Weights(config, List.of()), config.rotary(0).orElseThrow())
          .backward(rows, heads, positions, dx);
    }
    assertGradient(
        dx, x, at -> PlainKernels.dot(dy, plain(config, at, positions)), ROUNDING, random);
  }

  /** Llama 3's original context lies such that heads have pairs that are kept, blended, divided. */
  @Provide
  Arbitrary<RopeScaling> scalings() {
    return Arbitraries.of(
        RopeScaling.NONE,
        new RopeScaling.Linear(3.7),
        new RopeScaling.Llama3(8, 1, 4, 8192),
        new RopeScaling.Llama3(32, 1.5, 3, 100));
  }

  private static double[][] plain(ModelConfig config, double[] x, int[] positions) {
    double[] frequencies = new double[config.headDim() / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double plain = 1 / Math.pow(config.ropeTheta(), 2.0 * i / config.headDim());
      frequencies[i] = scaled(plain, config.ropeScaling());
    }
    double[][] rows = PlainKernels.rows(x, x.length / positions.length);
    for (int row = 0; row < rows.length; row++) {
      PlainKernels.turn(rows[row], positions[row], frequencies);
    }
    return rows;
  }

  /** The rule as Llama 3.1 states it, by wavelengths. */
  private static double scaled(double frequency, RopeScaling scaling) {
    if (scaling instanceof RopeScaling.Linear linear) {
      return frequency / linear.factor();
    }
    if (scaling instanceof RopeScaling.Llama3 llama) {
      double wavelength = 2 * Math.PI / frequency;
      double original = llama.originalMaxPositions();
      if (wavelength < original / llama.highFreqFactor()) {
        return frequency;
      }
      if (wavelength > original / llama.lowFreqFactor()) {
        return frequency / llama.factor();
      }
      double smooth =
          (original / wavelength - llama.lowFreqFactor())
              / (llama.highFreqFactor() - llama.lowFreqFactor());
      return (1 - smooth) * frequency / llama.factor() + smooth * frequency;
    }
    return frequency;
  }
}
