package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * A soft cap (Bello et al. 2016; Gemma 2): {@code y = cap·tanh(x/cap)}; {@code tanh z = 1 − 2/(exp
 * 2z + 1)}, right to one part in ten million of the cap.
 */
final class SoftCap {
  private SoftCap() {}

  /** {@code x ← cap·tanh(x/cap)} for {@code n} numbers. */
  static void forward(float[] x, int at, int n, float cap) {
    float rate = 2 / cap;
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector e = FastExp.exp(FloatVector.fromArray(SPECIES, x, at + i).mul(rate));
      FloatVector.broadcast(SPECIES, cap)
          .sub(FloatVector.broadcast(SPECIES, 2 * cap).div(e.add(1f)))
          .intoArray(x, at + i);
    }
    for (; i < n; i++) {
      x[at + i] = cap - 2 * cap / (FastExp.exp(x[at + i] * rate) + 1f);
    }
  }

  /**
   * The same, with {@code slopes = factor·dy/dx = factor·4e/(e + 1)²}, {@code e = exp(−2|x|/cap)},
   * which keeps its digits where the cap is all but reached.
   */
  static void forward(float[] x, int at, int n, float cap, float factor, float[] slopes, int to) {
    float rate = 2 / cap;
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector z = FloatVector.fromArray(SPECIES, x, at + i).mul(rate);
      FloatVector e = FastExp.exp(z.abs().neg());
      FloatVector more = e.add(1f);
      e.mul(4 * factor).div(more.mul(more)).intoArray(slopes, to + i);
    }
    for (; i < n; i++) {
      float e = FastExp.exp(-Math.abs(x[at + i] * rate));
      slopes[to + i] = 4 * factor * e / ((e + 1f) * (e + 1f));
    }
    forward(x, at, n, cap);
  }
}
