package org.treepo4j.engines.vector;

import java.util.Arrays;
import org.treepo4j.model.LoraAdapter;
import org.treepo4j.model.Parameter;

/**
 * The output matrix, {@code [vocabulary × hidden]}. One with an adapter is computed merged, for its
 * gradient comes in slices.
 */
final class HeadWeight {
  private final Parameter parameter;
  private final LoraAdapter adapter;
  private float[] merged;
  private float[] gradient;

  HeadWeight(Parameter parameter) {
    this.parameter = parameter;
    this.adapter = parameter.adapter();
    refresh();
  }

  Parameter parameter() {
    return parameter;
  }

  boolean isAdapted() {
    return adapter != null;
  }

  float[] values() {
    return adapter == null ? parameter.values() : merged;
  }

  /** Takes over changed weights. */
  void refresh() {
    if (adapter != null) {
      if (merged == null) {
        merged = parameter.mergedValues();
      } else {
        adapter.copyMerged(merged);
      }
    }
  }

  /** Where a backward pass adds its gradient; null when it is not wanted. */
  float[] gradient() {
    if (adapter == null) {
      return parameter.trainable() ? parameter.gradient() : null;
    }
    if (gradient == null) {
      gradient = new float[merged.length];
    }
    Arrays.fill(gradient, 0f);
    return gradient;
  }

  /** Brings the gradient of a backward pass to where it is wanted. */
  void collect() {
    if (adapter != null) {
      adapter.addGradient(gradient);
    }
  }
}
