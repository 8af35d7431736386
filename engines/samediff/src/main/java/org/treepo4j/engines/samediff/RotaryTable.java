package org.treepo4j.engines.samediff;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * Rotary position embedding (Su et al. 2021) in the layout of Hugging Face models, where element
 * {@code i} of a head is paired with element {@code i + headDim/2}. A head {@code x} at position
 * {@code p} becomes {@code x ⊙ cos + (x·R) ⊙ sin}, where {@code R} swaps the halves and negates the
 * second. Where only the first {@code width} elements are rotated, the others have cosine 1 and
 * sine 0.
 */
final class RotaryTable {
  private final int headDim;
  private final double[] frequencies;
  private final double factor;

  /**
   * @param frequencies radians per position, {@code [width/2]}
   * @param factor what rotated heads are multiplied by
   */
  RotaryTable(int headDim, double[] frequencies, double factor) {
    this.headDim = headDim;
    this.frequencies = frequencies;
    this.factor = factor;
  }

  /** Cosines for tokens at these positions, {@code [tokens, 1, headDim]}. */
  Tensor cosines(int[] positions) {
    return table(positions, Math::cos, 1);
  }

  /** Sines for tokens at these positions, {@code [tokens, 1, headDim]}. */
  Tensor sines(int[] positions) {
    return table(positions, Math::sin, 0);
  }

  /** R of the class comment, {@code [headDim, headDim]}. */
  static Tensor rotation(int headDim, int width) {
    float[] rotation = new float[headDim * headDim];
    int half = width / 2;
    for (int i = 0; i < half; i++) {
      rotation[(i + half) * headDim + i] = -1;
      rotation[i * headDim + i + half] = 1;
    }
    return Tensor.of(rotation, headDim, headDim);
  }

  private Tensor table(int[] positions, DoubleUnaryOperator wave, float beyond) {
    float[] table = new float[positions.length * headDim];
    int half = frequencies.length;
    Arrays.fill(table, beyond);
    for (int t = 0; t < positions.length; t++) {
      for (int i = 0; i < half; i++) {
        float value = (float) (factor * wave.applyAsDouble(positions[t] * frequencies[i]));
        table[t * headDim + i] = value;
        table[t * headDim + half + i] = value;
      }
    }
    return Tensor.of(table, positions.length, 1, headDim);
  }
}
