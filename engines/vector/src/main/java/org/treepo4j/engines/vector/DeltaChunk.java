package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.NARROW;

import java.util.Arrays;
import org.treepo4j.checkpoints.Design.DeltaRule;

/**
 * The gated delta rule over a few consecutive tokens of a path, for the value heads that share one
 * key head (Yang et al. 2024, arXiv 2412.06464). With unit keys {@code k}, scaled unit queries
 * {@code q}, values {@code v}, writing strengths {@code β} and log-decays {@code g ≤ 0}, the state
 * {@code S [keyDim × valueDim]} and the output of a token are
 *
 * <pre>
 *   S ← e^g·S;  u = β·(v − Sᵀk);  S ← S + k·uᵀ;  o = Sᵀq
 * </pre>
 *
 * <p>A chunk computes all its {@code u} at once. With the decay {@code D_ij} from token j to token
 * i, {@code e_i} from the chunk's beginning and {@code f_j} to its end,
 *
 * <pre>
 *   u_i = β_i·(v_i − e_i·S₀ᵀk_i − Σ_{j&lt;i} D_ij·(k_i·k_j)·u_j)      a triangular system
 *   o_i = e_i·S₀ᵀq_i + Σ_{j≤i} D_ij·(q_i·k_j)·u_j
 *   S₁  = e_last·S₀ + Σ_j f_j·k_j·u_jᵀ
 * </pre>
 *
 * <p>Heads are padded with zeros to whole tiles; so are the columns of states, {@code [keyDim ×
 * valuePadded]}. An instance is the scratch memory of one worker.
 */
final class DeltaChunk {
  /** Tokens whose system is solved one by one after the others are subtracted at once. */
  private static final int BLOCK = 16;

  private final int keyDim;
  private final int valueDim;
  private final int keyPadded;
  private final int valuePadded;
  private final int columns;

  /** The rows at hand: {@code count} from {@code first} of {@code x}, {@code stride} apart. */
  private int count;

  private int first;
  private float[] x;
  private int stride;

  private final float[] q; // [tokens × keyPadded]
  private final float[] k; // [tokens × keyPadded]
  private final float[] transposed; // the second factor of a product, [keyPadded × columns] at most
  private final float[] kk; // k_i·k_j, [tokens × columns]
  private final float[] qk; // q_i·k_j, [tokens × columns]
  private final float[] decay; // D, [tokens × columns]
  private final float[] fromStart; // e, [tokens]
  private final float[] scaled; // queries or keys times e or f, [tokens × keyPadded]
  private final float[] mix; // −D∘kk below the diagonal, [tokens × columns]
  private final float[] weights; // D∘qk up to the diagonal, [tokens × columns]
  private final float[] written; // u before β, [tokens × valuePadded]
  private final float[] u; // [tokens × valuePadded]
  private final float[] o; // outputs or their gradients, [tokens × valuePadded]

  private final float[] du; // [tokens × valuePadded]
  private final float[] dWritten; // of what β multiplies, [tokens × valuePadded]
  private final float[] dMix; // [tokens × columns]
  private final float[] dWeights; // [tokens × columns]
  private final float[] dkk; // summed over value heads, [tokens × columns]
  private final float[] dqk; // [tokens × columns]
  private final float[] dq; // [tokens × keyPadded]
  private final float[] dk; // [tokens × keyPadded]
  private final float[] product; // [tokens × keyPadded]
  private final double[] dLogDecay; // by the decay summed up to each token, [tokens]

  /**
   * @param tokens most tokens of a chunk
   */
  DeltaChunk(DeltaRule rule, int tokens) {
    keyDim = rule.keyDim();
    valueDim = rule.valueDim();
    keyPadded = padded(keyDim);
    valuePadded = padded(valueDim);
    columns = padded(tokens);
    q = new float[tokens * keyPadded];
    k = new float[tokens * keyPadded];
    int widest = Math.max(keyPadded, columns);
    transposed = new float[Math.max(keyPadded, valuePadded) * widest];
    kk = new float[tokens * columns];
    qk = new float[tokens * columns];
    decay = new float[tokens * columns];
    fromStart = new float[tokens];
    scaled = new float[tokens * keyPadded];
    mix = new float[tokens * columns];
    weights = new float[tokens * columns];
    written = new float[tokens * valuePadded];
    u = new float[tokens * valuePadded];
    o = new float[tokens * valuePadded];
    du = new float[tokens * valuePadded];
    dWritten = new float[tokens * valuePadded];
    dMix = new float[tokens * columns];
    dWeights = new float[tokens * columns];
    dkk = new float[tokens * columns];
    dqk = new float[tokens * columns];
    dq = new float[tokens * keyPadded];
    dk = new float[tokens * keyPadded];
    product = new float[tokens * keyPadded];
    dLogDecay = new double[tokens];
  }

  /** Numbers of one state. */
  static int stateSize(DeltaRule rule) {
    return rule.keyDim() * padded(rule.valueDim());
  }

  static int padded(int width) {
    return (width + NARROW - 1) / NARROW * NARROW;
  }

  /**
   * Takes in queries and keys of one head.
   *
   * @param rows tokens, each the parent of the next
   * @param from first row of {@code values}, whose rows are {@code step} apart
   */
  void load(int rows, int from, float[] values, int step, int queryAt, int keyAt) {
    count = rows;
    first = from;
    x = values;
    stride = step;
    gather(values, step, queryAt, keyDim, q, keyPadded);
    gather(values, step, keyAt, keyDim, k, keyPadded);
    transpose(count, keyDim, k, 0, keyPadded, columns);
    GemmKernel.clear(count, columns, kk, 0, columns);
    GemmKernel.clear(count, columns, qk, 0, columns);
    int wide = padded(count);
    GemmKernel.product(
        count, wide, keyDim, k, 0, keyPadded, 1, transposed, 0, columns, kk, 0, columns);
    GemmKernel.product(
        count, wide, keyDim, q, 0, keyPadded, 1, transposed, 0, columns, qk, 0, columns);
  }

  /**
   * One value head from the state before the chunk to that after it, which may be the same array.
   *
   * @param gates strengths and log-decays of all rows and value heads
   * @param out receives the outputs at {@code outAt} of each row, or null when they are not wanted
   */
  void forward(
      int head,
      int valueAt,
      DeltaGates.Values gates,
      float[] before,
      int beforeAt,
      float[] after,
      int afterAt,
      float[] out,
      int outStride,
      int outAt) {
    solve(head, valueAt, gates, before, beforeAt);
    if (out != null) {
      scaleRows(q, fromStart, 1);
      GemmKernel.clear(count, valuePadded, o, 0, valuePadded);
      multiplyState(scaled, before, beforeAt, o);
      weigh();
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
            o,
            from * valuePadded,
            valuePadded);
      }
      for (int i = 0; i < count; i++) {
        System.arraycopy(o, i * valuePadded, out, (first + i) * outStride + outAt, valueDim);
      }
    }
    int last = (count - 1) * columns;
    RowMath.scale(before, beforeAt, fromStart[count - 1], after, afterAt, keyDim * valuePadded);
    for (int j = 0; j < count; j++) {
      RowMath.scale(k, j * keyPadded, decay[last + j], scaled, j * keyPadded, keyPadded);
    }
    addOuter(scaled, u, after, afterAt);
  }

  /** Finds {@link #u}, and the decays on the way. */
  private void solve(int head, int valueAt, DeltaGates.Values gates, float[] before, int beforeAt) {
    decays(head, gates);
    gather(x, stride, valueAt, valueDim, written, valuePadded);
    scaleRows(k, fromStart, -1);
    multiplyState(scaled, before, beforeAt, written);
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

  /** {@code D_ij = D_{i−1,j}·e^{g_i}}: products of factors below one, never differences of sums. */
  private void decays(int head, DeltaGates.Values gates) {
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

  private void weigh() {
    GemmKernel.clear(count, columns, weights, 0, columns);
    for (int i = 0; i < count; i++) {
      RowMath.scale(qk, i * columns, 1, weights, i * columns, i + 1);
      RowMath.multiply(decay, i * columns, weights, i * columns, i + 1);
    }
  }

  /** Before the value heads of a key head are differentiated. */
  void beginBackward() {
    GemmKernel.clear(count, columns, dkk, 0, columns);
    GemmKernel.clear(count, columns, dqk, 0, columns);
    GemmKernel.clear(count, keyPadded, dq, 0, keyPadded);
    GemmKernel.clear(count, keyPadded, dk, 0, keyPadded);
  }

  /**
   * Gradients of one value head.
   *
   * @param dAfter gradient of the state after the chunk
   * @param dBefore what the gradient of the state before it is added to, or null when that is fixed
   * @param dOut gradient of the outputs
   * @param dx receives the gradient of the values
   * @param dGates receives those of strengths and log-decays
   */
  void backward(
      int head,
      int valueAt,
      DeltaGates.Values gates,
      float[] before,
      int beforeAt,
      float[] dAfter,
      int dAfterAt,
      float[] dBefore,
      int dBeforeAt,
      float[] dOut,
      int outStride,
      int outAt,
      float[] dx,
      DeltaGates.Values dGates) {
    solve(head, valueAt, gates, before, beforeAt);
    weigh();
    gather(dOut, outStride, outAt, valueDim, o, valuePadded);
    Arrays.fill(dLogDecay, 0, count, 0);
    int last = (count - 1) * columns;

    // o_i ∋ Σ weights_ij·u_j and S₁ ∋ Σ f_j·k_j·u_jᵀ
    GemmKernel.clear(count, valuePadded, du, 0, valuePadded);
    GemmKernel.product(
        count, valuePadded, count, weights, 0, 1, columns, o, 0, valuePadded, du, 0, valuePadded);
    for (int j = 0; j < count; j++) {
      RowMath.scale(k, j * keyPadded, decay[last + j], scaled, j * keyPadded, keyPadded);
    }
    multiplyState(scaled, dAfter, dAfterAt, du);
    solveBackward(head, gates, dGates);
    transpose(count, valueDim, u, 0, valuePadded, columns);
    multiplyTransposed(o, dWeights);
    multiplyTransposed(dWritten, dMix);
    throughDecays();
    for (int i = 0; i < count; i++) {
      System.arraycopy(dWritten, i * valuePadded, dx, (first + i) * stride + valueAt, valueDim);
    }

    // S₁ ∋ f_j·k_j·u_jᵀ once more, for k and f
    transposeState(dAfter, dAfterAt);
    byState(u);
    for (int j = 0; j < count; j++) {
      float f = decay[last + j];
      double slope = f * RowMath.dot(product, j * keyPadded, k, j * keyPadded, keyDim);
      dLogDecay[count - 1] += slope;
      dLogDecay[j] -= slope;
      addScaled(product, j * keyPadded, f, dk, j * keyPadded);
    }
    float toEnd = fromStart[count - 1];
    dLogDecay[count - 1] +=
        (double) toEnd * RowMath.dot(before, beforeAt, dAfter, dAfterAt, keyDim * valuePadded);

    // written_i ∋ −e_i·S₀ᵀk_i and o_i ∋ e_i·S₀ᵀq_i
    transposeState(before, beforeAt);
    throughState(dWritten, k, dk, -1);
    throughState(o, q, dq, 1);
    if (dBefore != null) {
      addScaledState(dAfter, dAfterAt, toEnd, dBefore, dBeforeAt);
      scaleRows(q, fromStart, 1);
      addOuter(scaled, o, dBefore, dBeforeAt);
      scaleRows(k, fromStart, -1);
      addOuter(scaled, dWritten, dBefore, dBeforeAt);
    }
    double sum = 0;
    for (int i = count - 1; i >= 0; i--) {
      sum += dLogDecay[i];
      dGates.logDecay(first + i, head, (float) sum);
    }
  }

  /** From {@link #du} to {@link #dWritten}: the triangular system read from its end. */
  private void solveBackward(int head, DeltaGates.Values gates, DeltaGates.Values dGates) {
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
  private void throughDecays() {
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

  /** {@code product = d·S₀ᵀ}, of the transposed state: to {@code e} and to {@code heads}. */
  private void throughState(float[] d, float[] heads, float[] dHeads, float sign) {
    byState(d);
    for (int i = 0; i < count; i++) {
      int at = i * keyPadded;
      float factor = sign * fromStart[i];
      dLogDecay[i] += factor * RowMath.dot(product, at, heads, at, keyDim);
      addScaled(product, at, factor, dHeads, at);
    }
  }

  /** After all value heads: gradients of queries and keys, at their places in each row of dx. */
  void endBackward(float[] dx, int queryAt, int keyAt) {
    GemmKernel.product(
        count, keyPadded, count, dqk, 0, columns, 1, k, 0, keyPadded, dq, 0, keyPadded);
    GemmKernel.product(
        count, keyPadded, count, dqk, 0, 1, columns, q, 0, keyPadded, dk, 0, keyPadded);
    GemmKernel.product(
        count, keyPadded, count, dkk, 0, columns, 1, k, 0, keyPadded, dk, 0, keyPadded);
    GemmKernel.product(
        count, keyPadded, count, dkk, 0, 1, columns, k, 0, keyPadded, dk, 0, keyPadded);
    for (int i = 0; i < count; i++) {
      int row = (first + i) * stride;
      System.arraycopy(dq, i * keyPadded, dx, row + queryAt, keyDim);
      System.arraycopy(dk, i * keyPadded, dx, row + keyAt, keyDim);
    }
  }

  private void gather(float[] from, int step, int at, int width, float[] to, int padded) {
    for (int i = 0; i < count; i++) {
      System.arraycopy(from, (first + i) * step + at, to, i * padded, width);
    }
  }

  /** {@code scaled_i = sign·factor_i·heads_i}. */
  private void scaleRows(float[] heads, float[] factors, float sign) {
    for (int i = 0; i < count; i++) {
      int at = i * keyPadded;
      RowMath.scale(heads, at, sign * factors[i], scaled, at, keyPadded);
    }
  }

  /** {@code to += heads·S}. */
  private void multiplyState(float[] heads, float[] state, int stateAt, float[] to) {
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

  /** {@code S += headsᵀ·values}. */
  private void addOuter(float[] heads, float[] values, float[] state, int stateAt) {
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

  /** {@code to = values·uᵀ}, of the transposed {@link #u}. */
  private void multiplyTransposed(float[] values, float[] to) {
    GemmKernel.clear(count, columns, to, 0, columns);
    GemmKernel.product(
        count,
        padded(count),
        valueDim,
        values,
        0,
        valuePadded,
        1,
        transposed,
        0,
        columns,
        to,
        0,
        columns);
  }

  private void transposeState(float[] state, int at) {
    transpose(keyDim, valueDim, state, at, valuePadded, keyPadded);
  }

  /** {@code product = values·Sᵀ}, of the transposed state. */
  private void byState(float[] values) {
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

  private void addScaled(float[] from, int at, float factor, float[] to, int toAt) {
    for (int d = 0; d < keyDim; d++) {
      to[toAt + d] += factor * from[at + d];
    }
  }

  private void addScaledState(float[] from, int at, float factor, float[] to, int toAt) {
    for (int d = 0; d < keyDim * valuePadded; d++) {
      to[toAt + d] += factor * from[at + d];
    }
  }
}
