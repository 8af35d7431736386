package org.treepo4j.engines.vector;

import java.util.Arrays;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * What becomes of the products of hidden states and the head: {@code logit =
 * cap·tanh(factor·x/cap)}.
 *
 * @param factor 1 for none
 * @param cap 0 for none
 */
record LogitShape(float factor, float cap) {
  static final LogitShape PLAIN = new LogitShape(1, 0);

  static LogitShape of(ModelConfig config) {
    return new LogitShape(
        (float) (1 / config.design().scales().logitDivisor()),
        (float) config.design().caps().logits());
  }

  boolean plain() {
    return factor == 1 && cap == 0;
  }

  /** Turns {@code n} products into logits. */
  void forward(float[] x, int at, int n) {
    if (factor != 1) {
      RowMath.scale(x, at, factor, x, at, n);
    }
    if (cap != 0) {
      SoftCap.forward(x, at, n, cap);
    }
  }

  /** The same, and the derivatives of the logits by their products. */
  void forward(float[] x, int at, int n, float[] slopes) {
    if (factor != 1) {
      RowMath.scale(x, at, factor, x, at, n);
    }
    if (cap != 0) {
      SoftCap.forward(x, at, n, cap, factor, slopes, at);
    } else {
      Arrays.fill(slopes, at, at + n, factor);
    }
  }
}
