package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;

/** {@code y = silu(gate)·up} with {@code silu(g) = g/(1 + exp(−g))} (Elfwing et al. 2017). */
final class SwiGlu implements GatedActivation {
  private static final int ELEMENTS_PER_TASK = 1 << 14;

  private final WorkerPool pool;

  SwiGlu(WorkerPool pool) {
    this.pool = pool;
  }

  @Override
  public void forward(int n, float[] gate, float[] up, float[] y) {
    pool.run(
        tasks(n),
        (task, worker) -> {
          int from = task * ELEMENTS_PER_TASK;
          forward(from, Math.min(n, from + ELEMENTS_PER_TASK), gate, up, y);
        });
  }

  @Override
  public void backward(int n, float[] gate, float[] up, float[] dy, float[] y) {
    pool.run(
        tasks(n),
        (task, worker) -> {
          int from = task * ELEMENTS_PER_TASK;
          backward(from, Math.min(n, from + ELEMENTS_PER_TASK), gate, up, dy, y);
        });
  }

  @Override
  public void row(int n, float[] gate, int gateAt, float[] up, int upAt) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector g = FloatVector.fromArray(SPECIES, gate, gateAt + i);
      g.div(FastExp.exp(g.neg()).add(1f))
          .mul(FloatVector.fromArray(SPECIES, up, upAt + i))
          .intoArray(gate, gateAt + i);
    }
  }

  private static void forward(int from, int to, float[] gate, float[] up, float[] y) {
    int i = from;
    for (; i <= to - LANES; i += LANES) {
      FloatVector g = FloatVector.fromArray(SPECIES, gate, i);
      g.div(FastExp.exp(g.neg()).add(1f))
          .mul(FloatVector.fromArray(SPECIES, up, i))
          .intoArray(y, i);
    }
    for (; i < to; i++) {
      y[i] = gate[i] / (1f + FastExp.exp(-gate[i])) * up[i];
    }
  }

  private static void backward(int from, int to, float[] gate, float[] up, float[] dy, float[] y) {
    int i = from;
    for (; i <= to - LANES; i += LANES) {
      FloatVector g = FloatVector.fromArray(SPECIES, gate, i);
      FloatVector u = FloatVector.fromArray(SPECIES, up, i);
      FloatVector d = FloatVector.fromArray(SPECIES, dy, i);
      FloatVector e = FastExp.exp(g.neg());
      FloatVector sigmoid = FloatVector.broadcast(SPECIES, 1f).div(e.add(1f));
      FloatVector silu = g.mul(sigmoid);
      silu.mul(u).intoArray(y, i);
      d.mul(silu).intoArray(up, i);
      // silu'(g) = σ·(1 + g·(1 − σ))
      d.mul(u).mul(sigmoid.add(silu.sub(silu.mul(sigmoid)))).intoArray(gate, i);
    }
    for (; i < to; i++) {
      float g = gate[i];
      float sigmoid = 1f / (1f + FastExp.exp(-g));
      float silu = g * sigmoid;
      y[i] = silu * up[i];
      gate[i] = dy[i] * up[i] * (sigmoid + silu - silu * sigmoid);
      up[i] = dy[i] * silu;
    }
  }

  private static int tasks(int n) {
    return (n + ELEMENTS_PER_TASK - 1) / ELEMENTS_PER_TASK;
  }
}
