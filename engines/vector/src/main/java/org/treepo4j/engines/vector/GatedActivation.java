package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.Design.Activation;

/**
 * The gated activation of the feed-forward block (Shazeer 2020): {@code y = f(gate)·up}, element by
 * element.
 */
interface GatedActivation {

  static GatedActivation of(Activation activation, WorkerPool pool) {
    return switch (activation) {
      case SILU -> new SwiGlu(pool);
      case GELU_TANH -> new GeGlu(pool);
    };
  }

  void forward(int n, float[] gate, float[] up, float[] y);

  /**
   * Computes {@code y} again and overwrites {@code gate} and {@code up} with their gradients.
   *
   * @param dy gradient of the result
   */
  void backward(int n, float[] gate, float[] up, float[] dy, float[] y);

  /** {@code gate ← f(gate)·up} for a row of whole vectors, on the calling thread. */
  void row(int n, float[] gate, int gateAt, float[] up, int upAt);
}
