package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** One addition per element, and gradients added in the order of rows: no bit may differ. */
class BiasTest {

  @Property(tries = 40)
  void theBiasIsAddedToEveryRowAndItsGradientIsTheirSum(
      @ForAll @IntRange(min = 1, max = 150) int rows,
      @ForAll @IntRange(min = 1, max = 150) int width,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] bias = TestModels.coefficients(width, 0, random);
    float[] y = TestModels.coefficients(rows * width, 0, random);
    float[] expectedY = y.clone();
    float[] dy = TestModels.coefficients(rows * width, 0, random);
    float[] dBias = TestModels.coefficients(width, 0, random);
    float[] expectedBias = dBias.clone();
    try (WorkerPool pool = new WorkerPool(threads)) {
      Bias kernel = new Bias(pool);
      kernel.forward(rows, width, bias, y);
      kernel.backward(rows, width, dy, dBias);
    }
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < width; i++) {
        expectedY[row * width + i] += bias[i];
        expectedBias[i] += dy[row * width + i];
      }
    }
    assertThat(y).isEqualTo(expectedY);
    assertThat(dBias).isEqualTo(expectedBias);
  }
}
