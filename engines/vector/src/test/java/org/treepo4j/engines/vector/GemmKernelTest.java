package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.treepo4j.engines.vector.GemmKernel.LANES;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class GemmKernelTest {

  @Property(tries = 60)
  void productsEqualPlainLoopsAndTouchNothingElse(
      @ForAll @IntRange(min = 1, max = 40) int rows,
      @ForAll @IntRange(min = 1, max = 9) int vectors,
      @ForAll @IntRange(min = 1, max = 70) int depth,
      @ForAll boolean transposed,
      @ForAll @IntRange(min = 0, max = 3) int slack,
      @ForAll long seed) {
    Random random = new Random(seed);
    int columns = vectors * LANES;
    int aRow = transposed ? 1 : depth + slack;
    int aStep = transposed ? rows + slack : 1;
    int bStep = columns + slack;
    int cRow = columns + slack;
    float[] a = random(slack + (rows + slack) * (depth + slack), random);
    float[] b = random(slack + depth * bStep, random);
    float[] c = random(slack + rows * cRow + slack, random);
    float[] before = c.clone();
    GemmKernel.product(
        rows, columns, depth, a, slack, aRow, aStep, b, slack, bStep, c, slack, cRow);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < cRow; column++) {
        int at = slack + row * cRow + column;
        double sum = before[at];
        for (int k = 0; k < depth && column < columns; k++) {
          sum += (double) a[slack + row * aRow + k * aStep] * b[slack + k * bStep + column];
        }
        assertThat((double) c[at]).isCloseTo(sum, within(column < columns ? 2e-5 : 0));
      }
    }
  }

  private static float[] random(int size, Random random) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
