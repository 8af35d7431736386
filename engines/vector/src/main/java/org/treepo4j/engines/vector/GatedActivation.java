package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.Design.Activation;

/**
 * The gated activation of the feed-forward block (Shazeer 2020): {@code y = f(gate)·up}, element by
 * element, in pieces on all workers.
 */
final class GatedActivation {
  private static final int ELEMENTS_PER_TASK = 1 << 14;

  private final WorkerPool pool;
  private final Loops loops;

  /** The loops of one function over a run of elements, on the calling thread. */
  interface Loops {

    /** {@code y = f(gate)·up}; {@code y} may be {@code gate}. */
    void forward(int n, float[] gate, int gateAt, float[] up, int upAt, float[] y, int yAt);

    /** As {@link GatedActivation#backward}, for the elements {@code from..to}. */
    void backward(int from, int to, float[] gate, float[] up, float[] dy, float[] y);
  }

  private GatedActivation(WorkerPool pool, Loops loops) {
    this.pool = pool;
    this.loops = loops;
  }

  static GatedActivation of(Activation activation, WorkerPool pool) {
    return new GatedActivation(
        pool,
        switch (activation) {
          case SILU -> new SwiGlu();
          case GELU_TANH -> new GeGlu();
        });
  }

  void forward(int n, float[] gate, float[] up, float[] y) {
    pool.run(
        tasks(n),
        (task, worker) -> {
          int from = task * ELEMENTS_PER_TASK;
          int count = Math.min(ELEMENTS_PER_TASK, n - from);
          loops.forward(count, gate, from, up, from, y, from);
        });
  }

  /**
   * Computes {@code y} again and overwrites {@code gate} and {@code up} with their gradients.
   *
   * @param dy gradient of the result
   */
  void backward(int n, float[] gate, float[] up, float[] dy, float[] y) {
    pool.run(
        tasks(n),
        (task, worker) -> {
          int from = task * ELEMENTS_PER_TASK;
          loops.backward(from, Math.min(n, from + ELEMENTS_PER_TASK), gate, up, dy, y);
        });
  }

  /** {@code y = f(gate)·up} for a row, on the calling thread. */
  void row(int n, float[] gate, int gateAt, float[] up, int upAt, float[] y, int yAt) {
    loops.forward(n, gate, gateAt, up, upAt, y, yAt);
  }

  private static int tasks(int n) {
    return (n + ELEMENTS_PER_TASK - 1) / ELEMENTS_PER_TASK;
  }
}
