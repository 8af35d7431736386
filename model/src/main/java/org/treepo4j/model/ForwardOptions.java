package org.treepo4j.model;

/**
 * What a forward pass is for.
 *
 * @param temperature logits are divided by it before the softmax; positive, 1 leaves them alone
 * @param gradients whether {@link ForwardPass#backward} will be called; without it the pass keeps
 *     no activations
 */
public record ForwardOptions(double temperature, boolean gradients) {

  /** Log-probabilities only. */
  public static final ForwardOptions SCORE = new ForwardOptions(1, false);

  /** Log-probabilities with a backward pass to follow. */
  public static final ForwardOptions TRAIN = new ForwardOptions(1, true);

  public ForwardOptions {
    if (!(temperature > 0) || Double.isInfinite(temperature)) {
      throw new IllegalArgumentException(
          "temperature must be positive and finite, was " + temperature);
    }
  }
}
