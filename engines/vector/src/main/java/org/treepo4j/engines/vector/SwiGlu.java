package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import jdk.incubator.vector.FloatVector;

/** {@code y = silu(gate)·up} with {@code silu(g) = g/(1 + exp(−g))} (Elfwing et al. 2017). */
final class SwiGlu implements GatedActivation.Loops {

  @Override
  public void forward(int n, float[] gate, int gateAt, float[] up, int upAt, float[] y, int yAt) {
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      FloatVector g = FloatVector.fromArray(SPECIES, gate, gateAt + i);
      g.div(FastExp.exp(g.neg()).add(1f))
          .mul(FloatVector.fromArray(SPECIES, up, upAt + i))
          .intoArray(y, yAt + i);
    }
    for (; i < n; i++) {
      y[yAt + i] = gate[gateAt + i] / (1f + FastExp.exp(-gate[gateAt + i])) * up[upAt + i];
    }
  }

  @Override
  public void backward(int from, int to, float[] gate, float[] up, float[] dy, float[] y) {
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
}
