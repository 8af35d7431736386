package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;
import org.treepo4j.checkpoints.Design.DeltaRule;

/**
 * The gated delta rule token by token, as paths grow ({@link DeltaChunk} has the formulas). What
 * costs is to move states through memory, so a token reads its state {@code S} and does not write
 * it: its key and what it wrote are kept beside it, until every {@link DeltaState#KEPT}th position
 * puts those of all tokens since into the state at once. With the decay {@code c} since the state
 * was written and {@code f_j} since token j,
 *
 * <pre>
 *   u = β·(v − c·Sᵀk − Σ_j f_j·(k_j·k)·u_j)
 *   o = c·Sᵀq + Σ_j f_j·(k_j·q)·u_j + (k·q)·u
 *   S ← c·S + Σ_j f_j·k_j·u_jᵀ                        at every KEPT-th position
 * </pre>
 *
 * <p>When that is depends on positions alone, so a path gets the same bits alone and in any batch.
 * An instance is the scratch memory of one worker.
 */
final class DeltaRecurrence {
  private final DeltaRule rule;
  private final int width;
  private final int padded;
  private final int heads;
  private final float[] vectors; // key and query, [2 × keyDim]
  private final float[] products; // with them, [2 × padded]
  private final float[] column; // one number of the key of each token kept, [KEPT]

  DeltaRecurrence(DeltaRule rule) {
    this.rule = rule;
    this.width = rule.keyDim();
    this.padded = DeltaProducts.padded(rule.valueDim());
    this.heads = rule.valueHeads();
    this.vectors = new float[2 * width];
    this.products = new float[2 * padded];
    this.column = new float[DeltaState.KEPT];
  }

  /** Tokens kept after one more, at this position. */
  static int keptAfter(int kept, int position) {
    return (position + 1) % DeltaState.KEPT == 0 ? 0 : kept + 1;
  }

  /**
   * One token of one value head.
   *
   * @param kept tokens kept so far, fewer than {@link DeltaState#KEPT}
   * @param x unit keys, scaled unit queries and values of the token, {@code [convSize]} from {@code
   *     from}
   * @param decay {@code e^g}
   * @param out receives the output, {@code [valueDim]} from {@code outAt}
   */
  void step(
      DeltaState state,
      int layer,
      int head,
      int position,
      int kept,
      float[] x,
      int from,
      float decay,
      float beta,
      float[] out,
      int outAt) {
    int keyAt = head / rule.group() * width;
    int valueAt = from + 2 * rule.keySize() + head * rule.valueDim();
    float[] matrix = state.matrices[layer];
    float[] keys = state.keys[layer];
    float[] writes = state.writes[layer];
    float[] factors = state.factors[layer];
    System.arraycopy(x, from + rule.keySize() + keyAt, vectors, 0, width);
    System.arraycopy(x, from + keyAt, vectors, width, width);
    int at = head * width * padded;
    GemmKernel.clear(2, padded, products, 0, padded);
    GemmKernel.product(
        2, padded, width, vectors, 0, width, 1, matrix, at, padded, products, 0, padded);
    float sinceWritten = kept == 0 ? decay : factors[head] * decay;
    RowMath.scale(products, 0, sinceWritten, products, 0, 2 * padded);
    factors[head] = sinceWritten;
    for (int j = 0; j < kept; j++) {
      int key = j * rule.keySize() + keyAt;
      int factor = (1 + j) * heads + head;
      factors[factor] *= decay;
      float byKey = factors[factor] * RowMath.dot(keys, key, vectors, 0, width);
      float byQuery = factors[factor] * RowMath.dot(keys, key, vectors, width, width);
      addScaled(writes, (j * heads + head) * padded, byKey, byQuery);
    }
    float kq = RowMath.dot(vectors, 0, vectors, width, width);
    int to = (kept * heads + head) * padded;
    for (int d = 0; d < rule.valueDim(); d++) {
      float u = beta * (x[valueAt + d] - products[d]);
      writes[to + d] = u;
      out[outAt + d] = products[padded + d] + kq * u;
    }
    System.arraycopy(vectors, 0, keys, kept * rule.keySize() + keyAt, width);
    factors[(1 + kept) * heads + head] = 1;
    if (keptAfter(kept, position) == 0) {
      settle(state, layer, head, kept + 1);
    }
  }

  /** {@code products += (byKey, byQuery)·u_jᵀ}. */
  private void addScaled(float[] u, int at, float byKey, float byQuery) {
    for (int d = 0; d < padded; d += LANES) {
      FloatVector written = FloatVector.fromArray(SPECIES, u, at + d);
      written
          .fma(FloatVector.broadcast(SPECIES, byKey), FloatVector.fromArray(SPECIES, products, d))
          .intoArray(products, d);
      written
          .fma(
              FloatVector.broadcast(SPECIES, byQuery),
              FloatVector.fromArray(SPECIES, products, padded + d))
          .intoArray(products, padded + d);
    }
  }

  /** Puts what the kept tokens wrote into the state of one value head. */
  void settle(DeltaState state, int layer, int head, int kept) {
    if (kept == 0) {
      return;
    }
    float[] matrix = state.matrices[layer];
    float[] keys = state.keys[layer];
    float[] writes = state.writes[layer];
    float[] factors = state.factors[layer];
    int keyAt = head / rule.group() * width;
    float sinceWritten = factors[head];
    for (int k = 0; k < width; k++) {
      int row = (head * width + k) * padded;
      for (int j = 0; j < kept; j++) {
        column[j] = factors[(1 + j) * heads + head] * keys[j * rule.keySize() + keyAt + k];
      }
      for (int d = 0; d < padded; d += LANES) {
        FloatVector sum = FloatVector.fromArray(SPECIES, matrix, row + d).mul(sinceWritten);
        for (int j = 0; j < kept; j++) {
          sum =
              FloatVector.fromArray(SPECIES, writes, (j * heads + head) * padded + d)
                  .fma(FloatVector.broadcast(SPECIES, column[j]), sum);
        }
        sum.intoArray(matrix, row + d);
      }
    }
  }
}
