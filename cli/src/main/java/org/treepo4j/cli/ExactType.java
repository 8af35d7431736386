package org.treepo4j.cli;

import java.io.IOException;
import java.util.Collection;
import org.treepo4j.checkpoints.Bf16;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.Fp16;
import org.treepo4j.checkpoints.TensorValues;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.Weights;

/** Which element type holds weights as they are, and what others lose. */
final class ExactType {
  private ExactType() {}

  /** The first of bf16, f16 and f32 that holds every weight exactly. */
  static DType of(Weights weights) throws IOException {
    return of(
        weights.parameters().stream().map(Parameter::name).toList(),
        name -> weights.parameter(name).values());
  }

  /** As {@link #of(Weights)}, of weights that are read one by one. */
  static DType of(Collection<String> names, TensorValues values) throws IOException {
    boolean bf16 = true;
    boolean f16 = true;
    for (String name : names) {
      if (bf16 || f16) {
        float[] one = values.of(name);
        bf16 = bf16 && rounded(one, DType.BF16) == 0;
        f16 = f16 && rounded(one, DType.F16) == 0;
      }
    }
    return bf16 ? DType.BF16 : f16 ? DType.F16 : DType.F32;
  }

  /** The share of weights that a type does not hold exactly. */
  static double rounded(Weights weights, DType type) {
    long all = 0;
    long rounded = 0;
    for (Parameter parameter : weights.parameters()) {
      all += parameter.values().length;
      rounded += rounded(parameter.values(), type);
    }
    return (double) rounded / all;
  }

  private static long rounded(float[] values, DType type) {
    long rounded = 0;
    for (float value : values) {
      float stored =
          switch (type) {
            case BF16 -> Bf16.toFloat(Bf16.fromFloat(value));
            case F16 -> Fp16.toFloat(Fp16.fromFloat(value));
            default -> value;
          };
      rounded += stored == value || Float.isNaN(value) ? 0 : 1;
    }
    return rounded;
  }
}
