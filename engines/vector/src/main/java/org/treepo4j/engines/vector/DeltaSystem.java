package org.treepo4j.engines.vector;

import java.util.Arrays;
import org.treepo4j.checkpoints.Design.DeltaRule;

/**
 * What the tokens of a {@link DeltaChunk} do to each other: decays, the triangular system of what
 * they write, and the weights by which one reads what another has written. Matrices over pairs of
 * tokens are {@code [tokens × columns]}.
 */
final class DeltaSystem {
  /** Tokens whose system is solved one by one after the others are subtracted at once. */
  private static final int BLOCK = 16;

  private final int valueDim;
  private final int valuePadded;
  private final int columns;
  private int count;
  private int first;

  final float[] kk; // k_i·k_j, [tokens × columns]
  final float[] qk; // q_i·k_j, [tokens × columns]
  final float[] decay; // D, [tokens × columns]
  final float[] fromStart; // e, [tokens]
  private final float[] mix; // −D∘kk below the diagonal, [tokens × columns]
  private final float[] weights; // D∘qk up to the diagonal, [tokens × columns]
  final float[] written; // u before β, [tokens × valuePadded]
  final float[] u; // [tokens × valuePadded]

  final float[] du; // [tokens × valuePadded]
  final float[] dWritten; // of what β multiplies, [tokens × valuePadded]
  final float[] dMix; // [tokens × columns]
  final float[] dWeights; // [tokens × columns]
  final float[] dkk; // summed over value heads, [tokens × columns]
  final float[] dqk; // [tokens × columns]
  final double[] dLogDecay; // by the decay summed up to each token, [tokens]

  /**
   * @param tokens most tokens of a chunk
   */
  DeltaSystem(DeltaRule rule, int tokens) {
    valueDim = rule.valueDim();
    valuePadded = DeltaProducts.padded(valueDim);
    columns = DeltaProducts.padded(tokens);
    kk = new float[tokens * columns];
    qk = new float[tokens * columns];
    decay = new float[tokens * columns];
    fromStart = new float[tokens];
    mix = new float[tokens * columns];
    weights = new float[tokens * columns];
    written = new float[tokens * valuePadded];
    u = new float[tokens * valuePadded];
    du = new float[tokens * valuePadded];
    dWritten = new float[tokens * valuePadded];
    dMix = new float[tokens * columns];
    dWeights = new float[tokens * columns];
    dkk = new float[tokens * columns];
    dqk = new float[tokens * columns];
    dLogDecay = new double[tokens];
  }

  /**
   * @param rows tokens at hand
   * @param from first of them among those of the gates
   */
  void begin(int rows, int from) {
    count = rows;
    first = from;
  }

  /** {@code D_ij = D_{i−1,j}·e^{g_i}}: products of factors below one, never differences of sums. */
  void decays(int head, DeltaGates.Values gates) {
    GemmKernel.clear(count, columns, decay, 0, columns);
    float sinceStart = 1;
    for (int i = 0; i < count; i++) {
      float factor = (float) Math.exp(gates.logDecay(first + i, head));
      sinceStart *= factor;
      fromStart[i] = sinceStart;
      if (i > 0) {
        RowMath.scale(decay, (i - 1) * columns, factor, decay, i * columns, i);
      }
      decay[i * columns + i] = 1;
    }
  }

  /** Finds {@link #u} from what the state leaves to be written, in {@link #written}. */
  void solve(int head, DeltaGates.Values gates) {
    GemmKernel.clear(count, columns, mix, 0, columns);
    for (int i = 1; i < count; i++) {
      RowMath.scale(kk, i * columns, -1, mix, i * columns, i);
      RowMath.multiply(decay, i * columns, mix, i * columns, i);
    }
    for (int from = 0; from < count; from += BLOCK) {
      int rows = Math.min(BLOCK, count - from);
      subtract(from, rows, 0, from);
      for (int i = from; i < from + rows; i++) {
        subtract(i, 1, from, i - from);
        float beta = gates.beta(first + i, head);
        RowMath.scale(written, i * valuePadded, beta, u, i * valuePadded, valuePadded);
      }
    }
  }

  /** {@code written_i += Σ mix_ij·u_j} for some rows and {@code depth} tokens from {@code j}. */
  private void subtract(int row, int rows, int j, int depth) {
    GemmKernel.product(
        rows,
        valuePadded,
        depth,
        mix,
        row * columns + j,
        columns,
        1,
        u,
        j * valuePadded,
        valuePadded,
        written,
        row * valuePadded,
        valuePadded);
  }

  /** Finds {@link #weights}. */
  void weigh() {
    GemmKernel.clear(count, columns, weights, 0, columns);
    for (int i = 0; i < count; i++) {
      RowMath.scale(qk, i * columns, 1, weights, i * columns, i + 1);
      RowMath.multiply(decay, i * columns, weights, i * columns, i + 1);
    }
  }

  /** {@code to_i += Σ_{j≤i} weights_ij·u_j}, {@code [tokens × valuePadded]}. */
  void addWeighted(float[] to) {
    for (int from = 0; from < count; from += BLOCK) {
      int rows = Math.min(BLOCK, count - from);
      GemmKernel.product(
          rows,
          valuePadded,
          from + rows,
          weights,
          from * columns,
          columns,
          1,
          u,
          0,
          valuePadded,
          to,
          from * valuePadded,
          valuePadded);
    }
  }

  /** Before the value heads of a key head are differentiated. */
  void beginBackward() {
    GemmKernel.clear(count, columns, dkk, 0, columns);
    GemmKernel.clear(count, columns, dqk, 0, columns);
  }

  /**
   * The beginning of a value head: {@link #du} of {@link #addWeighted}.
   *
   * @param d gradient of what was added to, {@code [tokens × valuePadded]}
   */
  void weightedBackward(float[] d) {
    Arrays.fill(dLogDecay, 0, count, 0);
    GemmKernel.clear(count, valuePadded, du, 0, valuePadded);
    GemmKernel.product(
        count, valuePadded, count, weights, 0, 1, columns, d, 0, valuePadded, du, 0, valuePadded);
  }

  /** From {@link #du} to {@link #dWritten}: the triangular system read from its end. */
  void solveBackward(int head, DeltaGates.Values gates, DeltaGates.Values dGates) {
    int blocks = (count + BLOCK - 1) / BLOCK;
    for (int block = blocks - 1; block >= 0; block--) {
      int from = block * BLOCK;
      int to = Math.min(count, from + BLOCK);
      for (int i = to - 1; i >= from; i--) {
        int at = i * valuePadded;
        dGates.beta(first + i, head, RowMath.dot(du, at, written, at, valueDim));
        RowMath.scale(du, at, gates.beta(first + i, head), dWritten, at, valuePadded);
        spread(i, 1, from, i - from);
      }
      spread(from, to - from, 0, from);
    }
  }

  /** {@code du_j += Σ mix_ij·dWritten_i} for {@code rows} i and {@code width} j. */
  private void spread(int i, int rows, int j, int width) {
    GemmKernel.product(
        width,
        valuePadded,
        rows,
        mix,
        i * columns + j,
        1,
        columns,
        dWritten,
        i * valuePadded,
        valuePadded,
        du,
        j * valuePadded,
        valuePadded);
  }

  /**
   * From {@link #dMix} and {@link #dWeights} to products of keys and queries, and to the decays.
   */
  void throughDecays() {
    for (int i = 0; i < count; i++) {
      int at = i * columns;
      for (int j = 0; j < i; j++) {
        double slope =
            (double) dMix[at + j] * mix[at + j] + (double) dWeights[at + j] * weights[at + j];
        dLogDecay[i] += slope;
        dLogDecay[j] -= slope;
        dkk[at + j] -= dMix[at + j] * decay[at + j];
        dqk[at + j] += dWeights[at + j] * decay[at + j];
      }
      dqk[at + i] += dWeights[at + i];
    }
  }

  /** The end of a value head: a log-decay counts for its token and all behind it. */
  void sumDecays(int head, DeltaGates.Values dGates) {
    double sum = 0;
    for (int i = count - 1; i >= 0; i--) {
      sum += dLogDecay[i];
      dGates.logDecay(first + i, head, (float) sum);
    }
  }
}
