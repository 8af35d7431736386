package org.treepo4j.model;

import java.util.Arrays;

/**
 * One weight tensor in float32, row-major, with the gradient that backward passes accumulate; or a
 * matrix with a {@linkplain #adapter low-rank adapter}, which has neither values nor gradient of
 * its own.
 *
 * <p>The gradient is allocated on first use, so a model that only samples does not pay for it.
 */
public final class Parameter {
  private final String name;
  private final int[] shape;
  private final float[] values;
  private final boolean trainable;
  private final LoraAdapter adapter;
  private float[] gradient;

  /** Null where the arrays are all there is. */
  private DeviceCopy device;

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
    this.adapter = null;
  }

  /**
   * A matrix whose adapter is trained.
   *
   * @param name the tensor's name in Hugging Face files
   * @param shape its dimensions, [out, in]
   */
  Parameter(String name, int[] shape, LoraAdapter adapter) {
    this.name = name;
    this.shape = shape.clone();
    this.values = null;
    this.trainable = true;
    this.adapter = adapter;
  }

  public String name() {
    return name;
  }

  public int[] shape() {
    return shape.clone();
  }

  /** Whether backward passes compute its gradient, or that of its adapter. */
  public boolean trainable() {
    return trainable;
  }

  /** The adapter and what it is added to; null for a tensor with values of its own. */
  public LoraAdapter adapter() {
    return adapter;
  }

  /**
   * The live elements.
   *
   * @throws IllegalStateException for a matrix with an adapter
   */
  public float[] values() {
    requireOwnValues();
    if (device != null) {
      device.bringValues(values);
    }
    return values;
  }

  /**
   * The live elements, or a copy of base and adapter merged.
   *
   * @return row-major, to be read only
   */
  public float[] mergedValues() {
    if (adapter == null) {
      return values();
    }
    float[] merged = new float[Math.multiplyExact(shape[0], shape[1])];
    adapter.copyMerged(merged);
    return merged;
  }

  /**
   * The live accumulated gradient, zero at first.
   *
   * @throws IllegalStateException for a matrix with an adapter
   */
  public float[] gradient() {
    requireOwnValues();
    if (gradient == null) {
      gradient = new float[values.length];
    }
    if (device != null) {
      device.bringGradient(gradient);
    }
    return gradient;
  }

  /** Sets the gradient, or those of the adapter, to zero where there is one. */
  public void zeroGradient() {
    if (adapter != null) {
      adapter.a().zeroGradient();
      adapter.b().zeroGradient();
    } else if (device != null) {
      device.zeroGradient();
    } else if (gradient != null) {
      Arrays.fill(gradient, 0f);
    }
  }

  /** Number of elements, wherever they are. */
  public int size() {
    requireOwnValues();
    return values.length;
  }

  /**
   * From here on an engine keeps values and gradient outside the heap; what another kept is brought
   * back first.
   *
   * @param copy null for none any more
   */
  public void keepAt(DeviceCopy copy) {
    requireOwnValues();
    if (device != null && device != copy) {
      device.bringValues(values);
      if (device.hasGradient()) {
        gradient();
      }
      device.leave();
    }
    device = copy;
  }

  /** The gradient as the heap has it, which may be old; null before anybody has asked for it. */
  public float[] gradientOnHeap() {
    requireOwnValues();
    return gradient;
  }

  private void requireOwnValues() {
    if (adapter != null) {
      throw new IllegalStateException(name + " has an adapter and no values of its own");
    }
  }
}
