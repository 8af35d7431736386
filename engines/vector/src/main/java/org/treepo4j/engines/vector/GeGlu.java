package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * {@code y = gelu(gate)·up} with the tanh form of GELU (Hendrycks and Gimpel 2016), written as
 * {@code gelu(g) = g·σ(v)}, {@code v = 2√(2/π)·(g + 0.044715·g³)}; {@code gelu'(g) = σ + g·σ·(1 −
 * σ)·v'}.
 */
final class GeGlu implements GatedActivation {
  private static final int ELEMENTS_PER_TASK = 1 << 14;
  private static final float LINEAR = (float) (2 * Math.sqrt(2 / Math.PI));
  private static final float CUBIC = (float) (2 * Math.sqrt(2 / Math.PI) * 0.044715);

  /** Beyond, σ is 0 or 1 in float32; the exponential is not asked for more. */
  private static final float FAR = 80;

  private final WorkerPool pool;

  GeGlu(WorkerPool pool) {
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
      g.mul(sigmoid(g))
          .mul(FloatVector.fromArray(SPECIES, up, upAt + i))
          .intoArray(gate, gateAt + i);
    }
  }

  private static void forward(int from, int to, float[] gate, float[] up, float[] y) {
    int i = from;
    for (; i <= to - LANES; i += LANES) {
      FloatVector g = FloatVector.fromArray(SPECIES, gate, i);
      g.mul(sigmoid(g)).mul(FloatVector.fromArray(SPECIES, up, i)).intoArray(y, i);
    }
    for (; i < to; i++) {
      y[i] = gate[i] * sigmoid(gate[i]) * up[i];
    }
  }

  private static void backward(int from, int to, float[] gate, float[] up, float[] dy, float[] y) {
    int i = from;
    for (; i <= to - LANES; i += LANES) {
      FloatVector g = FloatVector.fromArray(SPECIES, gate, i);
      FloatVector u = FloatVector.fromArray(SPECIES, up, i);
      FloatVector d = FloatVector.fromArray(SPECIES, dy, i);
      FloatVector sigmoid = sigmoid(g);
      FloatVector gelu = g.mul(sigmoid);
      gelu.mul(u).intoArray(y, i);
      d.mul(gelu).intoArray(up, i);
      // v' = 2√(2/π)·(1 + 3·0.044715·g²)
      FloatVector slope = g.mul(g).mul(3 * CUBIC).add(LINEAR);
      FloatVector rest = FloatVector.broadcast(SPECIES, 1f).sub(sigmoid);
      d.mul(u).mul(sigmoid.add(gelu.mul(rest).mul(slope))).intoArray(gate, i);
    }
    for (; i < to; i++) {
      float g = gate[i];
      float sigmoid = sigmoid(g);
      float gelu = g * sigmoid;
      y[i] = gelu * up[i];
      float slope = LINEAR + 3 * CUBIC * g * g;
      gate[i] = dy[i] * up[i] * (sigmoid + gelu * (1 - sigmoid) * slope);
      up[i] = dy[i] * gelu;
    }
  }

  /** σ(v) of the class comment. */
  private static FloatVector sigmoid(FloatVector g) {
    FloatVector v = g.mul(g).mul(CUBIC).add(LINEAR).mul(g).max(-FAR).min(FAR);
    return FloatVector.broadcast(SPECIES, 1f).div(FastExp.exp(v.neg()).add(1f));
  }

  private static float sigmoid(float g) {
    float v = Math.max(-FAR, Math.min(FAR, (g * g * CUBIC + LINEAR) * g));
    return 1f / (1f + FastExp.exp(-v));
  }

  private static int tasks(int n) {
    return (n + ELEMENTS_PER_TASK - 1) / ELEMENTS_PER_TASK;
  }
}
