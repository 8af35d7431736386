package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.NARROW;

import java.util.Arrays;
import org.treepo4j.checkpoints.Design.DeltaRule;

/**
 * The matrix products of {@link DeltaChunk}: rows of a chunk with one another and with states.
 * Keys, queries and values have one row for each token, padded with zeros to whole tiles; states
 * are {@code [keyDim × valuePadded]}. An instance is the scratch memory of one worker.
 */
final class DeltaProducts {
  private final int keyDim;
  private final int valueDim;
  private final int keyPadded;
  private final int valuePadded;
  private final int columns;
  private final float[] transposed; // the second factor of a product, [keyPadded × columns] at most
  private final float[] product; // [tokens × keyPadded]

  /**
   * @param tokens most tokens of a chunk
   */
  DeltaProducts(DeltaRule rule, int tokens) {
    keyDim = rule.keyDim();
    valueDim = rule.valueDim();
    keyPadded = padded(keyDim);
    valuePadded = padded(valueDim);
    columns = padded(tokens);
    int widest = Math.max(keyPadded, columns);
    transposed = new float[Math.max(keyPadded, valuePadded) * widest];
    product = new float[tokens * keyPadded];
  }

  /** Numbers of one state. */
  static int stateSize(DeltaRule rule) {
    return rule.keyDim() * padded(rule.valueDim());
  }

  static int padded(int width) {
    return (width + NARROW - 1) / NARROW * NARROW;
  }

  /** {@code to += heads·S}, of {@code [count × keyPadded]} and {@code [count × valuePadded]}. */
  void multiplyState(int count, float[] heads, float[] state, int stateAt, float[] to) {
    GemmKernel.product(
        count,
        valuePadded,
        keyDim,
        heads,
        0,
        keyPadded,
        1,
        state,
        stateAt,
        valuePadded,
        to,
        0,
        valuePadded);
  }

  /**
   * {@code S += headsᵀ·values}, of {@code [count × keyPadded]} and {@code [count × valuePadded]}.
   */
  void addOuter(int count, float[] heads, float[] values, float[] state, int stateAt) {
    GemmKernel.product(
        keyDim,
        valuePadded,
        count,
        heads,
        0,
        1,
        keyPadded,
        values,
        0,
        valuePadded,
        state,
        stateAt,
        valuePadded);
  }

  /** Makes rows, {@code [count × step]}, the second factor of {@link #byTransposedRows}. */
  void transposeRows(int count, float[] rows, int step, int width) {
    transpose(count, width, rows, 0, step, columns);
  }

  /** {@code to = values·rowsᵀ}, of {@code [count × step]} into {@code [count × columns]}. */
  void byTransposedRows(int count, float[] values, int step, int width, float[] to) {
    GemmKernel.clear(count, columns, to, 0, columns);
    GemmKernel.product(
        count, padded(count), width, values, 0, step, 1, transposed, 0, columns, to, 0, columns);
  }

  /** Makes a state the second factor of {@link #byTransposedState}. */
  void transposeState(float[] state, int at) {
    transpose(keyDim, valueDim, state, at, valuePadded, keyPadded);
  }

  /**
   * {@code values·Sᵀ} of values {@code [count × valuePadded]}: {@code [count × keyPadded]} that
   * hold until the next call.
   */
  float[] byTransposedState(int count, float[] values) {
    GemmKernel.clear(count, keyPadded, product, 0, keyPadded);
    GemmKernel.product(
        count,
        keyPadded,
        valueDim,
        values,
        0,
        valuePadded,
        1,
        transposed,
        0,
        keyPadded,
        product,
        0,
        keyPadded);
    return product;
  }

  /** {@code [rows × width]} into {@link #transposed}, {@code [width × toStep]}, zeros behind. */
  private void transpose(int rows, int width, float[] from, int at, int fromStep, int toStep) {
    for (int d = 0; d < width; d++) {
      int to = d * toStep;
      for (int i = 0; i < rows; i++) {
        transposed[to + i] = from[at + i * fromStep + d];
      }
      Arrays.fill(transposed, to + rows, to + toStep, 0f);
    }
  }
}
