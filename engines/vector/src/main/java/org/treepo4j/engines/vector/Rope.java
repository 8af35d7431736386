package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.model.RotaryFrequencies;
import org.treepo4j.model.Weights;

/**
 * Rotary position embedding (Su et al. 2021) as Hugging Face models store it: element {@code i} of
 * a head is paired with {@code i + width/2}, and the pair turns by {@code position · frequency_i};
 * elements of the head beyond {@code width} stay. The backward pass turns the other way. Where YaRN
 * says so, what is turned is multiplied by a factor, both ways.
 */
final class Rope {
  private static final int ROWS_PER_TASK = 32;

  private final WorkerPool pool;
  private final int headDim;
  private final int half;
  private final double factor;
  private final double[] frequencies;

  /** Cosines and sines, {@code [positions × half]}, filled as far as positions were asked for. */
  private float[] cosines = new float[0];

  private float[] sines = new float[0];

  Rope(WorkerPool pool, Weights weights, Rotary rotary) {
    this.pool = pool;
    this.headDim = weights.config().headDim();
    this.half = weights.config().rotaryWidth() / 2;
    this.factor = RotaryFrequencies.attentionFactor(rotary);
    this.frequencies = RotaryFrequencies.of(weights, rotary);
  }

  /** Turns the heads of every row in place. */
  void forward(int rows, int heads, int[] positions, float[] x) {
    turn(rows, heads, positions, x, 1f);
  }

  /** Turns the gradients of every row back in place. */
  void backward(int rows, int heads, int[] positions, float[] dx) {
    turn(rows, heads, positions, dx, -1f);
  }

  private void turn(int rows, int heads, int[] positions, float[] x, float direction) {
    int width = heads * headDim;
    reserve(rows, positions);
    pool.eachRow(
        rows, ROWS_PER_TASK, row -> turnRow(x, row * width, heads, positions[row], direction));
  }

  /** Turns the heads of one row, on the calling thread; its position must be {@link #reserve}d. */
  void row(float[] x, int at, int heads, int position) {
    turnRow(x, at, heads, position, 1f);
  }

  private void turnRow(float[] x, int at, int heads, int position, float direction) {
    for (int head = 0; head < heads; head++) {
      turnHead(x, at + head * headDim, position * half, direction);
    }
  }

  private void turnHead(float[] x, int at, int angle, float direction) {
    float[] cos = cosines;
    float[] sin = sines;
    int i = 0;
    for (; i <= half - LANES; i += LANES) {
      FloatVector c = FloatVector.fromArray(SPECIES, cos, angle + i);
      FloatVector s = FloatVector.fromArray(SPECIES, sin, angle + i).mul(direction);
      FloatVector first = FloatVector.fromArray(SPECIES, x, at + i);
      FloatVector second = FloatVector.fromArray(SPECIES, x, at + half + i);
      first.mul(c).sub(second.mul(s)).intoArray(x, at + i);
      second.mul(c).add(first.mul(s)).intoArray(x, at + half + i);
    }
    for (; i < half; i++) {
      float c = cos[angle + i];
      float s = sin[angle + i] * direction;
      float first = x[at + i];
      float second = x[at + half + i];
      x[at + i] = first * c - second * s;
      x[at + half + i] = second * c + first * s;
    }
  }

  /** Makes ready for these positions. */
  void reserve(int rows, int[] positions) {
    int last = 0;
    for (int row = 0; row < rows; row++) {
      last = Math.max(last, positions[row]);
    }
    int known = cosines.length / half;
    if (last < known) {
      return;
    }
    int wanted = Math.max(last + 1, known + known / 2);
    cosines = Arrays.copyOf(cosines, Math.multiplyExact(wanted, half));
    sines = Arrays.copyOf(sines, wanted * half);
    for (int position = known; position < wanted; position++) {
      for (int i = 0; i < half; i++) {
        double angle = position * frequencies[i];
        cosines[position * half + i] = (float) (factor * Math.cos(angle));
        sines[position * half + i] = (float) (factor * Math.sin(angle));
      }
    }
  }
}
