package org.treepo4j.engines.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.treepo4j.engines.vector.PackedMatrix.WIDE;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.Bf16;
import org.treepo4j.engines.vector.PackedMatrix;
import org.treepo4j.model.engine.WeightStorage;

class OneDnnMatricesTest {

  @Property(tries = 60)
  void productsEqualPlainLoopsOfRoundedFactors(
      @ForAll WeightStorage storage,
      @ForAll @IntRange(min = 1, max = 600) int rows,
      @ForAll @IntRange(min = 1, max = 150) int in,
      @ForAll @IntRange(min = 1, max = 300) int out,
      @ForAll boolean add,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Hardware.require(storage);
    Random random = new Random(seed);
    float[] weights = numbers(out * in, random);
    int xStride = in + 3;
    float[] x = numbers(rows * xStride, random);
    int panels = PackedMatrix.panels(out);
    int yStride = panels * WIDE + 5;
    float[] y = numbers(rows * yStride, random);
    float[] before = y.clone();
    PackedMatrix matrix = new OneDnnMatrices(threads, 0).create(storage, panels, in);
    for (int panel = 0; panel < panels; panel++) {
      matrix.pack(panel, weights, panel * WIDE, Math.min(WIDE, out - panel * WIDE));
    }
    matrix.prepare(rows, x, xStride);
    for (int panel = 0; panel < panels; panel += matrix.together()) {
      int count = Math.min(matrix.together(), panels - panel);
      matrix.multiply(panel, count, rows, x, xStride, y, panel * WIDE, yStride, add);
    }
    for (int row = 0; row < rows; row++) {
      for (int o = 0; o < yStride; o++) {
        float actual = y[row * yStride + o];
        float old = before[row * yStride + o];
        if (o >= panels * WIDE) {
          assertThat(actual).isEqualTo(old);
          continue;
        }
        double sum = add ? old : 0;
        for (int i = 0; i < in && o < out; i++) {
          sum +=
              (double) rounded(storage, x[row * xStride + i])
                  * rounded(storage, weights[o * in + i]);
        }
        assertThat((double) actual).isCloseTo(sum, within(2e-5));
      }
    }
  }

  @Test
  void smallMatricesStayTheVectorEngines() {
    Hardware.require(WeightStorage.F32);
    OneDnnMatrices matrices = new OneDnnMatrices(2, 2 * WIDE * 100);
    assertThat(matrices.create(WeightStorage.F32, 2, 99).together()).isEqualTo(1);
    assertThat(matrices.create(WeightStorage.F32, 2, 100).together()).isEqualTo(2);
  }

  @Property
  void paddingIsAtMostAQuarterAndKeepsTheNumberOfShapesSmall(
      @ForAll @IntRange(min = 1, max = 256) int rows) {
    assertThat(Products.padded(rows)).isBetween(rows, rows + Math.max(1, rows / 4));
    assertThat(Products.padded(Products.padded(rows))).isEqualTo(Products.padded(rows));
  }

  private static float rounded(WeightStorage storage, float value) {
    return storage == WeightStorage.F32 ? value : Bf16.toFloat(Bf16.fromFloat(value));
  }

  private static float[] numbers(int count, Random random) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian() / 4;
    }
    return numbers;
  }
}
