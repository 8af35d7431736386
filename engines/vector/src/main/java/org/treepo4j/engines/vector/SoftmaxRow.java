package org.treepo4j.engines.vector;

import static jdk.incubator.vector.VectorOperators.MAX;
import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * The softmax of a decoder's attention, one tile of scores after another (Milakov and Gimelshein
 * 2018; Dao et al. 2022). A row remembers its greatest score and, lane by lane, the sum of
 * exponentials so far; when a later tile holds a greater score, what was summed up is scaled down.
 */
final class SoftmaxRow {
  private SoftmaxRow() {}

  /**
   * Turns a row of scores into weights relative to the row's greatest score so far.
   *
   * @param scores the row, from {@code at}; outside {@code [low, high)} it becomes 0
   * @param columns of the row, whole vectors
   * @param greatest greatest score so far of each row, −∞ at first
   * @param sums lane sums of each row, {@code [rows × LANES]}
   * @param out weighted sum of values so far, {@code [rows × width]}
   */
  static void accumulate(
      float[] scores,
      int at,
      int columns,
      int low,
      int high,
      int row,
      float[] greatest,
      float[] sums,
      float[] out,
      int width) {
    if (high <= low) {
      mask(scores, at, 0, columns, 0f);
      return;
    }
    boolean partial = high - low < columns;
    if (partial) {
      mask(scores, at, 0, low, Float.NEGATIVE_INFINITY);
      mask(scores, at, high, columns, Float.NEGATIVE_INFINITY);
    }
    float most = max(scores, at, columns);
    if (most > greatest[row]) {
      if (greatest[row] != Float.NEGATIVE_INFINITY) {
        float shrink = FastExp.exp(greatest[row] - most);
        RowMath.scale(sums, row * LANES, shrink, sums, row * LANES, LANES);
        RowMath.scale(out, row * width, shrink, out, row * width, width);
      }
      greatest[row] = most;
    }
    exponentials(scores, at, columns, greatest[row]);
    if (partial) {
      mask(scores, at, 0, low, 0f);
      mask(scores, at, high, columns, 0f);
    }
    sum(scores, at, columns, sums, row * LANES);
  }

  private static float max(float[] x, int at, int columns) {
    FloatVector most = FloatVector.fromArray(SPECIES, x, at);
    for (int i = LANES; i < columns; i += LANES) {
      most = most.max(FloatVector.fromArray(SPECIES, x, at + i));
    }
    return most.reduceLanes(MAX);
  }

  private static void exponentials(float[] x, int at, int columns, float shift) {
    for (int i = 0; i < columns; i += LANES) {
      FastExp.exp(FloatVector.fromArray(SPECIES, x, at + i).sub(shift)).intoArray(x, at + i);
    }
  }

  private static void sum(float[] x, int at, int columns, float[] sums, int sumsAt) {
    FloatVector sum = FloatVector.fromArray(SPECIES, sums, sumsAt);
    for (int i = 0; i < columns; i += LANES) {
      sum = sum.add(FloatVector.fromArray(SPECIES, x, at + i));
    }
    sum.intoArray(sums, sumsAt);
  }

  private static void mask(float[] x, int at, int from, int to, float value) {
    if (from < to) {
      Arrays.fill(x, at + from, at + to, value);
    }
  }
}
