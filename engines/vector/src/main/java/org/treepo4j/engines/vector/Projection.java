package org.treepo4j.engines.vector;

import org.treepo4j.model.LoraAdapter;
import org.treepo4j.model.Parameter;

/**
 * A matrix {@code [out × in]} of the model, which is a parameter or some rows of one: families that
 * fuse projections store several below each other.
 *
 * @param first row of the parameter with which it begins
 */
record Projection(Parameter parameter, int first, int out) {

  static Projection of(Parameter parameter) {
    return new Projection(parameter, 0, parameter.shape()[0]);
  }

  int in() {
    return parameter.shape()[1];
  }

  boolean trainable() {
    return parameter.trainable();
  }

  /** The adapter of the parameter, or null. */
  LoraAdapter adapter() {
    return parameter.adapter();
  }

  Matrix gradient() {
    return Matrix.of(parameter.gradient(), in()).from(first);
  }
}
