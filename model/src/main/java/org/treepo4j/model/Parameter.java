package org.treepo4j.model;

import java.util.Arrays;

/**
 * One weight tensor in float32, row-major, with the gradient that backward passes accumulate.
 *
 * <p>The gradient is allocated on first use, so a model that only samples does not pay for it.
 */
public final class Parameter {
  private final String name;
  private final int[] shape;
  private final float[] values;
  private final boolean trainable;
  private float[] gradient;

  /**
   * @param name the tensor's name in Hugging Face files
   * @param shape its dimensions, outermost first
   * @param values its elements, not copied
   * @param trainable whether backward passes compute its gradient
   */
  public Parameter(String name, int[] shape, float[] values, boolean trainable) {
    long elements = 1;
    for (int dimension : shape) {
      elements = Math.multiplyExact(elements, (long) dimension);
    }
    if (elements != values.length) {
      throw new IllegalArgumentException(
          name
              + " of shape "
              + Arrays.toString(shape)
              + " cannot hold "
              + values.length
              + " values");
    }
    this.name = name;
    this.shape = shape.clone();
    this.values = values;
    this.trainable = trainable;
  }

  public String name() {
    return name;
  }

  public int[] shape() {
    return shape.clone();
  }

  public boolean trainable() {
    return trainable;
  }

  /** The live elements. */
  public float[] values() {
    return values;
  }

  /** The live accumulated gradient, zero at first. */
  public float[] gradient() {
    if (gradient == null) {
      gradient = new float[values.length];
    }
    return gradient;
  }

  /** Sets the gradient to zero where there is one. */
  public void zeroGradient() {
    if (gradient != null) {
      Arrays.fill(gradient, 0f);
    }
  }
}
