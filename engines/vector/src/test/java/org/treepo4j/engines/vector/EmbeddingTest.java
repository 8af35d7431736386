package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Rows are copied, and gradients added in the order of rows: nothing may differ by a bit. */
class EmbeddingTest {

  @Property(tries = 40)
  void rowsAreThoseOfTheTokensAndGradientsReturnToThem(
      @ForAll @IntRange(min = 1, max = 150) int rows,
      @ForAll @IntRange(min = 1, max = 150) int width,
      @ForAll @IntRange(min = 1, max = 20) int vocabulary,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    int[] tokens = random.ints(rows, 0, vocabulary).toArray();
    float[] table = TestModels.coefficients(vocabulary * width, 0, random);
    float[] y = new float[rows * width];
    float[] dy = TestModels.coefficients(rows * width, 0, random);
    float[] dTable = TestModels.coefficients(vocabulary * width, 0, random);
    float[] expected = dTable.clone();
    try (WorkerPool pool = new WorkerPool(threads)) {
      Embedding embedding = new Embedding(pool);
      embedding.forward(rows, width, tokens, table, y);
      embedding.backward(rows, width, tokens, dy, dTable);
    }
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < width; i++) {
        assertThat(y[row * width + i]).isEqualTo(table[tokens[row] * width + i]);
        expected[tokens[row] * width + i] += dy[row * width + i];
      }
    }
    assertThat(dTable).isEqualTo(expected);
  }
}
