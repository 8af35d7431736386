package org.treepo4j.engines.samediff;

import java.util.function.DoubleUnaryOperator;

/**
 * Rotary position embedding (Su et al. 2021) in the layout of Hugging Face models, where element
 * {@code i} of a head is paired with element {@code i + headDim/2}. A head {@code x} at position
 * {@code p} becomes {@code x ⊙ cos + (x·R) ⊙ sin}, where {@code R} swaps the halves and negates the
 * second.
 */
final class RotaryTable {
  private final int headDim;
  private final double[] frequencies;

  RotaryTable(int headDim, double[] frequencies) {
    this.headDim = headDim;
    this.frequencies = frequencies;
  }

  /** Cosines for tokens at these positions, {@code [tokens, 1, headDim]}. */
  Tensor cosines(int[] positions) {
    return table(positions, Math::cos);
  }

  /** Sines for tokens at these positions, {@code [tokens, 1, headDim]}. */
  Tensor sines(int[] positions) {
    return table(positions, Math::sin);
  }

  /** R of the class comment, {@code [headDim, headDim]}. */
  Tensor rotation() {
    float[] rotation = new float[headDim * headDim];
    int half = headDim / 2;
    for (int i = 0; i < half; i++) {
      rotation[(i + half) * headDim + i] = -1;
      rotation[i * headDim + i + half] = 1;
    }
    return Tensor.of(rotation, headDim, headDim);
  }

  private Tensor table(int[] positions, DoubleUnaryOperator wave) {
    float[] table = new float[positions.length * headDim];
    int half = headDim / 2;
    for (int t = 0; t < positions.length; t++) {
      for (int i = 0; i < half; i++) {
        float value = (float) wave.applyAsDouble(positions[t] * frequencies[i]);
        table[t * headDim + i] = value;
        table[t * headDim + half + i] = value;
      }
    }
    return Tensor.of(table, positions.length, 1, headDim);
  }
}
