package org.treepo4j.engines.vector;

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
  private final int keyDim;
  private final int valueDim;
  private final int keyPadded;
  private final int valuePadded;
  private final int columns;
  private final DeltaProducts products;
  private final DeltaSystem system;

  /** The rows at hand: {@code count} from {@code first} of {@code x}, {@code stride} apart. */
  private int count;

  private int first;
  private float[] x;
  private int stride;

  private final float[] q; // [tokens × keyPadded]
  private final float[] k; // [tokens × keyPadded]
  private final float[] scaled; // queries or keys times e or f, [tokens × keyPadded]
  private final float[] o; // outputs or their gradients, [tokens × valuePadded]

  private final float[] dq; // [tokens × keyPadded]
  private final float[] dk; // [tokens × keyPadded]

  /**
   * @param tokens most tokens of a chunk
   */
  DeltaChunk(DeltaRule rule, int tokens) {
    keyDim = rule.keyDim();
    valueDim = rule.valueDim();
    keyPadded = DeltaProducts.padded(keyDim);
    valuePadded = DeltaProducts.padded(valueDim);
    columns = DeltaProducts.padded(tokens);
    products = new DeltaProducts(rule, tokens);
    system = new DeltaSystem(rule, tokens);
    q = new float[tokens * keyPadded];
    k = new float[tokens * keyPadded];
    scaled = new float[tokens * keyPadded];
    o = new float[tokens * valuePadded];
    dq = new float[tokens * keyPadded];
    dk = new float[tokens * keyPadded];
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
    system.begin(rows, from);
    x = values;
    stride = step;
    gather(values, step, queryAt, keyDim, q, keyPadded);
    gather(values, step, keyAt, keyDim, k, keyPadded);
    products.transposeRows(count, k, keyPadded, keyDim);
    products.byTransposedRows(count, q, keyPadded, keyDim, system.qk);
    products.byTransposedRows(count, k, keyPadded, keyDim, system.kk);
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
      scaleRows(q, system.fromStart, 1);
      GemmKernel.clear(count, valuePadded, o, 0, valuePadded);
      products.multiplyState(count, scaled, before, beforeAt, o);
      system.weigh();
      system.addWeighted(o);
      for (int i = 0; i < count; i++) {
        System.arraycopy(o, i * valuePadded, out, (first + i) * outStride + outAt, valueDim);
      }
    }
    int last = (count - 1) * columns;
    RowMath.scale(
        before, beforeAt, system.fromStart[count - 1], after, afterAt, keyDim * valuePadded);
    for (int j = 0; j < count; j++) {
      RowMath.scale(k, j * keyPadded, system.decay[last + j], scaled, j * keyPadded, keyPadded);
    }
    products.addOuter(count, scaled, system.u, after, afterAt);
  }

  /** Finds what the tokens write, and the decays on the way. */
  private void solve(int head, int valueAt, DeltaGates.Values gates, float[] before, int beforeAt) {
    system.decays(head, gates);
    gather(x, stride, valueAt, valueDim, system.written, valuePadded);
    scaleRows(k, system.fromStart, -1);
    products.multiplyState(count, scaled, before, beforeAt, system.written);
    system.solve(head, gates);
  }

  /** Before the value heads of a key head are differentiated. */
  void beginBackward() {
    system.beginBackward();
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
    system.weigh();
    gather(dOut, outStride, outAt, valueDim, o, valuePadded);
    int last = (count - 1) * columns;

    // o_i ∋ Σ weights_ij·u_j and S₁ ∋ Σ f_j·k_j·u_jᵀ
    system.weightedBackward(o);
    for (int j = 0; j < count; j++) {
      RowMath.scale(k, j * keyPadded, system.decay[last + j], scaled, j * keyPadded, keyPadded);
    }
    products.multiplyState(count, scaled, dAfter, dAfterAt, system.du);
    system.solveBackward(head, gates, dGates);
    products.transposeRows(count, system.u, valuePadded, valueDim);
    products.byTransposedRows(count, o, valuePadded, valueDim, system.dWeights);
    products.byTransposedRows(count, system.dWritten, valuePadded, valueDim, system.dMix);
    system.throughDecays();
    for (int i = 0; i < count; i++) {
      System.arraycopy(
          system.dWritten, i * valuePadded, dx, (first + i) * stride + valueAt, valueDim);
    }

    // S₁ ∋ f_j·k_j·u_jᵀ once more, for k and f
    products.transposeState(dAfter, dAfterAt);
    float[] product = products.byTransposedState(count, system.u);
    for (int j = 0; j < count; j++) {
      float f = system.decay[last + j];
      double slope = f * RowMath.dot(product, j * keyPadded, k, j * keyPadded, keyDim);
      system.dLogDecay[count - 1] += slope;
      system.dLogDecay[j] -= slope;
      addScaled(product, j * keyPadded, f, dk, j * keyPadded, keyDim);
    }
    float toEnd = system.fromStart[count - 1];
    system.dLogDecay[count - 1] +=
        (double) toEnd * RowMath.dot(before, beforeAt, dAfter, dAfterAt, keyDim * valuePadded);

    // written_i ∋ −e_i·S₀ᵀk_i and o_i ∋ e_i·S₀ᵀq_i
    products.transposeState(before, beforeAt);
    throughState(system.dWritten, k, dk, -1);
    throughState(o, q, dq, 1);
    if (dBefore != null) {
      addScaled(dAfter, dAfterAt, toEnd, dBefore, dBeforeAt, keyDim * valuePadded);
      scaleRows(q, system.fromStart, 1);
      products.addOuter(count, scaled, o, dBefore, dBeforeAt);
      scaleRows(k, system.fromStart, -1);
      products.addOuter(count, scaled, system.dWritten, dBefore, dBeforeAt);
    }
    system.sumDecays(head, dGates);
  }

  /** {@code product = d·S₀ᵀ}, of the transposed state: to {@code e} and to {@code heads}. */
  private void throughState(float[] d, float[] heads, float[] dHeads, float sign) {
    float[] product = products.byTransposedState(count, d);
    for (int i = 0; i < count; i++) {
      int at = i * keyPadded;
      float factor = sign * system.fromStart[i];
      system.dLogDecay[i] += factor * RowMath.dot(product, at, heads, at, keyDim);
      addScaled(product, at, factor, dHeads, at, keyDim);
    }
  }

  /** After all value heads: gradients of queries and keys, at their places in each row of dx. */
  void endBackward(float[] dx, int queryAt, int keyAt) {
    GemmKernel.product(
        count, keyPadded, count, system.dqk, 0, columns, 1, k, 0, keyPadded, dq, 0, keyPadded);
    GemmKernel.product(
        count, keyPadded, count, system.dqk, 0, 1, columns, q, 0, keyPadded, dk, 0, keyPadded);
    GemmKernel.product(
        count, keyPadded, count, system.dkk, 0, columns, 1, k, 0, keyPadded, dk, 0, keyPadded);
    GemmKernel.product(
        count, keyPadded, count, system.dkk, 0, 1, columns, k, 0, keyPadded, dk, 0, keyPadded);
    for (int i = 0; i < count; i++) {
      int row = (first + i) * stride;
      System.arraycopy(dq, i * keyPadded, dx, row + queryAt, keyDim);
      System.arraycopy(dk, i * keyPadded, dx, row + keyAt, keyDim);
    }
  }

  /** The rows at hand, some columns of each. */
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

  /** {@code to += factor·from}. */
  private static void addScaled(
      float[] from, int at, float factor, float[] to, int toAt, int width) {
    for (int d = 0; d < width; d++) {
      to[toAt + d] += factor * from[at + d];
    }
  }
}
