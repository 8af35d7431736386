package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * A convolution of every channel along its path, followed by SiLU: {@code y_t = silu(Σ_d w_d·x_t'})
 * with {@code t'} the {@code d}-th ancestor of {@code t}, the present row being the 0th; before the
 * root there are zeros. Rows of {@code x}, {@code y} and their gradients are {@code [rows ×
 * channels]}.
 */
final class CausalConv {
  private static final int ROWS_PER_TASK = 16;
  private static final int CHANNELS_PER_TASK = 256;

  private final WorkerPool pool;
  private final int channels;
  private final int width;
  private final float[][] scratch;

  /** Weights by distance, {@code [width × channels]}, and their gradient. */
  private final float[] taps;

  /** Allocated with the first backward pass. */
  private float[] dTaps;

  CausalConv(WorkerPool pool, int channels, int width) {
    this.pool = pool;
    this.channels = channels;
    this.width = width;
    this.taps = new float[width * channels];
    this.scratch = new float[pool.threads()][2 * CHANNELS_PER_TASK];
  }

  /**
   * Takes over weights as they are stored; before {@link #forward}, {@link #row} or {@link
   * #backward}.
   *
   * @param weight {@code [channels × width]}, that of the present row last
   */
  void load(float[] weight) {
    for (int channel = 0; channel < channels; channel++) {
      for (int distance = 0; distance < width; distance++) {
        taps[distance * channels + channel] = weight[channel * width + width - 1 - distance];
      }
    }
  }

  /**
   * @param parents row of every row's parent, −1 for roots
   */
  void forward(int rows, int[] parents, float[] x, float[] y) {
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> {
          int to = row * channels;
          sum(row, parents, 0, channels, x, y, to);
          silu(y, to, channels);
        });
  }

  /**
   * One row whose ancestors lie elsewhere, on the calling thread.
   *
   * @param before inputs of the {@code width − 1} positions before, {@code [width − 1 × channels]},
   *     each at the remainder of its position by {@code width − 1}; zeros before the first
   * @param position of the row
   */
  void row(float[] x, int at, float[] before, int position, float[] y, int to) {
    RowMath.scale(x, at, 1, y, to, channels);
    RowMath.multiply(taps, 0, y, to, channels);
    for (int distance = 1; distance < width; distance++) {
      int from = Math.floorMod(position - distance, width - 1) * channels;
      addProduct(taps, distance * channels, before, from, y, to, channels);
    }
    silu(y, to, channels);
  }

  /**
   * @param dx receives the gradient of {@code x}
   * @param dWeight receives that of the weight, as it is stored, or null
   */
  void backward(int rows, int[] parents, float[] x, float[] dy, float[] dx, float[] dWeight) {
    dTaps = FloatArrays.atLeast(dTaps == null ? new float[0] : dTaps, width * channels);
    pool.run(
        (channels + CHANNELS_PER_TASK - 1) / CHANNELS_PER_TASK,
        (task, worker) -> {
          int from = task * CHANNELS_PER_TASK;
          int n = Math.min(CHANNELS_PER_TASK, channels - from);
          backward(rows, parents, from, n, x, dy, dx, scratch[worker]);
        });
    if (dWeight != null) {
      for (int channel = 0; channel < channels; channel++) {
        for (int distance = 0; distance < width; distance++) {
          dWeight[channel * width + width - 1 - distance] += dTaps[distance * channels + channel];
        }
      }
    }
  }

  /** A parent's row comes before its children's, so it is written before they add to it. */
  private void backward(
      int rows, int[] parents, int from, int n, float[] x, float[] dy, float[] dx, float[] slope) {
    for (int distance = 0; distance < width; distance++) {
      java.util.Arrays.fill(dTaps, distance * channels + from, distance * channels + from + n, 0f);
    }
    for (int row = 0; row < rows; row++) {
      sum(row, parents, from, n, x, slope, 0);
      siluSlope(slope, dy, row * channels + from, n);
      int at = row * channels + from;
      RowMath.scale(slope, 0, 1, dx, at, n);
      RowMath.multiply(taps, from, dx, at, n);
      addProduct(slope, 0, x, at, dTaps, from, n);
      int ancestor = parents[row];
      for (int distance = 1; distance < width && ancestor >= 0; distance++) {
        int tap = distance * channels + from;
        addProduct(taps, tap, slope, 0, dx, ancestor * channels + from, n);
        addProduct(slope, 0, x, ancestor * channels + from, dTaps, tap, n);
        ancestor = parents[ancestor];
      }
    }
  }

  /** The convolution of some channels of one row. */
  private void sum(int row, int[] parents, int from, int n, float[] x, float[] y, int to) {
    RowMath.scale(x, row * channels + from, 1, y, to, n);
    RowMath.multiply(taps, from, y, to, n);
    int ancestor = parents[row];
    for (int distance = 1; distance < width && ancestor >= 0; distance++) {
      addProduct(taps, distance * channels + from, x, ancestor * channels + from, y, to, n);
      ancestor = parents[ancestor];
    }
  }

  /** to += a∘b. */
  private static void addProduct(float[] a, int a0, float[] b, int b0, float[] to, int to0, int n) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector.fromArray(SPECIES, a, a0 + i)
          .fma(
              FloatVector.fromArray(SPECIES, b, b0 + i),
              FloatVector.fromArray(SPECIES, to, to0 + i))
          .intoArray(to, to0 + i);
    }
    for (; i < n; i++) {
      to[to0 + i] = Math.fma(a[a0 + i], b[b0 + i], to[to0 + i]);
    }
  }

  /** x ← silu(x). */
  private static void silu(float[] x, int at, int n) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector value = FloatVector.fromArray(SPECIES, x, at + i);
      value.div(FastExp.exp(value.neg()).add(1f)).intoArray(x, at + i);
    }
    for (; i < n; i++) {
      x[at + i] = x[at + i] / (1f + FastExp.exp(-x[at + i]));
    }
  }

  /** x ← dy·silu'(x), {@code silu'(x) = σ·(1 + x·(1 − σ))}. */
  private static void siluSlope(float[] x, float[] dy, int dy0, int n) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector value = FloatVector.fromArray(SPECIES, x, i);
      FloatVector sigmoid =
          FloatVector.broadcast(SPECIES, 1f).div(FastExp.exp(value.neg()).add(1f));
      FloatVector silu = value.mul(sigmoid);
      sigmoid
          .add(silu.sub(silu.mul(sigmoid)))
          .mul(FloatVector.fromArray(SPECIES, dy, dy0 + i))
          .intoArray(x, i);
    }
    for (; i < n; i++) {
      float sigmoid = 1f / (1f + FastExp.exp(-x[i]));
      float silu = x[i] * sigmoid;
      x[i] = dy[dy0 + i] * (sigmoid + silu - silu * sigmoid);
    }
  }
}
