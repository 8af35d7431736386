package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.treepo4j.engines.vector.GemmKernel.WIDE;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.treepo4j.checkpoints.Bf16;
import org.treepo4j.model.engine.WeightStorage;

/** Inputs reach beyond one slice of a panel. */
class PackedMatrixTest {

  @Property(tries = 30)
  void productsEqualPlainLoops(
      @ForAll @IntRange(min = 1, max = 13) int rows,
      @ForAll @IntRange(min = 1, max = 1200) int in,
      @ForAll @IntRange(min = 1, max = 150) int out,
      @ForAll boolean add,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] weights = TestModels.coefficients(out * in, 0, random);
    float[] x = TestModels.coefficients(rows * (in + 3), 0, random);
    float[] y = start(rows, out, random);
    float[] before = y.clone();
    multiply(WeightStorage.F32, weights, in, rows, x, y, add);
    int stride = y.length / rows;
    for (int row = 0; row < rows; row++) {
      for (int o = 0; o < out; o++) {
        double sum = add ? before[row * stride + o] : 0;
        double squares = 0;
        for (int i = 0; i < in; i++) {
          sum += (double) weights[o * in + i] * x[row * (in + 3) + i];
          squares += sum * sum;
        }
        // Each addition rounds the sum so far by 3.4e-8 of it, root mean square: six deviations.
        double limit = 2e-7 * (1 + Math.sqrt(squares));
        assertThat((double) y[row * stride + o]).isCloseTo(sum, within(limit));
      }
    }
  }

  @Property(tries = 30)
  void bf16GivesTheBitsOfF32WithRoundedWeights(
      @ForAll @IntRange(min = 1, max = 13) int rows,
      @ForAll @IntRange(min = 1, max = 1200) int in,
      @ForAll @IntRange(min = 1, max = 150) int out,
      @ForAll boolean add,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] weights = TestModels.coefficients(out * in, 0.05, random);
    float[] rounded = new float[weights.length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = Bf16.toFloat(Bf16.fromFloat(weights[i]));
    }
    float[] x = TestModels.coefficients(rows * (in + 3), 0, random);
    float[] bf16 = start(rows, out, random);
    float[] f32 = bf16.clone();
    multiply(WeightStorage.BF16, weights, in, rows, x, bf16, add);
    multiply(WeightStorage.F32, rounded, in, rows, x, f32, add);
    assertThat(bf16).isEqualTo(f32);
  }

  @Property(tries = 20)
  void aRowHasTheSameBitsAloneAndInABatch(
      @ForAll WeightStorage storage,
      @ForAll @IntRange(min = 2, max = 13) int rows,
      @ForAll @IntRange(min = 1, max = 1200) int in,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] weights = TestModels.coefficients(WIDE * in, 0, random);
    float[] x = TestModels.coefficients(rows * (in + 3), 0, random);
    float[] batch = new float[rows * WIDE];
    multiply(storage, weights, in, rows, x, batch, false);
    for (int row = 0; row < rows; row++) {
      float[] alone = new float[WIDE];
      float[] input = Arrays.copyOfRange(x, row * (in + 3), (row + 1) * (in + 3));
      multiply(storage, weights, in, 1, input, alone, false);
      assertThat(alone).isEqualTo(Arrays.copyOfRange(batch, row * WIDE, (row + 1) * WIDE));
    }
  }

  private static float[] start(int rows, int out, Random random) {
    return TestModels.coefficients(rows * PackedMatrix.panels(out) * WIDE, 0, random);
  }

  /** Rows of {@code x} are three numbers longer than the product needs. */
  private static void multiply(
      WeightStorage storage, float[] weights, int in, int rows, float[] x, float[] y, boolean add) {
    int out = weights.length / in;
    PackedMatrix matrix = PackedMatrix.own(storage, PackedMatrix.panels(out), in);
    assertThat(matrix.in()).isEqualTo(in);
    for (int panel = 0; panel < matrix.panels(); panel++) {
      matrix.pack(panel, weights, panel * WIDE, Math.min(WIDE, out - panel * WIDE));
    }
    int together = 1 + rows % 3;
    for (int panel = 0; panel < matrix.panels(); panel += together) {
      int count = Math.min(together, matrix.panels() - panel);
      int stride = y.length / rows;
      matrix.multiply(panel, count, rows, x, in + 3, y, panel * WIDE, stride, add);
    }
  }
}
