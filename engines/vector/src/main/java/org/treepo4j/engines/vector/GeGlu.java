package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * {@code y = gelu(gate)·up} with the tanh form of GELU (Hendrycks and Gimpel 2016), written as
 * {@code gelu(g) = g·σ(v)}, {@code v = 2√(2/π)·(g + 0.044715·g³)}; {@code gelu'(g) = σ + g·σ·(1 −
 * σ)·v'}.
 */
final class GeGlu implements GatedActivation.Loops {
  private static final float LINEAR = (float) (2 * Math.sqrt(2 / Math.PI));
  private static final float CUBIC = (float) (2 * Math.sqrt(2 / Math.PI) * 0.044715);

  /** Beyond, σ is 0 or 1 in float32; the exponential is not asked for more. */
  private static final float FAR = 80;

  @Override
  public void forward(int n, float[] gate, int gateAt, float[] up, int upAt, float[] y, int yAt) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector g = FloatVector.fromArray(SPECIES, gate, gateAt + i);
      g.mul(sigmoid(g)).mul(FloatVector.fromArray(SPECIES, up, upAt + i)).intoArray(y, yAt + i);
    }
    for (; i < n; i++) {
      y[yAt + i] = gate[gateAt + i] * sigmoid(gate[gateAt + i]) * up[upAt + i];
    }
  }

  @Override
  public void backward(int from, int to, float[] gate, float[] up, float[] dy, float[] y) {
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
}
