package org.treepo4j.engines.vector;

import org.treepo4j.model.Parameter;

/** The weight of a norm as it multiplies: some families store what is to be added to one. */
final class NormWeight {
  private final Parameter parameter;
  private final boolean addOne;
  private final float[] factors;

  NormWeight(Parameter parameter, boolean addOne) {
    this.parameter = parameter;
    this.addOne = addOne;
    this.factors = addOne ? new float[parameter.values().length] : parameter.values();
    refresh();
  }

  /** What normalised numbers are multiplied by, {@code [width]}. */
  float[] factors() {
    return factors;
  }

  /** Numbers that are normalised together. */
  int width() {
    return factors.length;
  }

  /** Where the gradient goes, the same for weight and factor; null when it is not wanted. */
  float[] gradient() {
    return parameter.trainable() ? parameter.gradient() : null;
  }

  /** Takes over changed weights. */
  void refresh() {
    float[] values = parameter.values();
    for (int i = 0; addOne && i < factors.length; i++) {
      factors[i] = 1 + values[i];
    }
  }
}
