package org.treepo4j.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/**
 * Weights of which only the speed matters: small random numbers, the same million over and over, so
 * that half a billion are there in a second.
 */
final class BenchWeights {
  private static final int PATTERN = 1 << 20;
  private static final float DEVIATION = 0.02f;

  private BenchWeights() {}

  static Weights create(ModelConfig config) {
    SplittableRandom random = new SplittableRandom(1);
    float[] pattern = new float[PATTERN];
    for (int i = 0; i < PATTERN; i++) {
      pattern[i] = (float) ((random.nextDouble() - 0.5) * 2 * DEVIATION);
    }
    List<Parameter> parameters = new ArrayList<>();
    TensorNames.shapes(config)
        .forEach(
            (name, shape) -> {
              float[] values = new float[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
              if (name.endsWith("norm.weight")) {
                Arrays.fill(values, 1f);
              } else {
                for (int at = 0; at < values.length; at += PATTERN) {
                  System.arraycopy(pattern, 0, values, at, Math.min(PATTERN, values.length - at));
                }
              }
              parameters.add(new Parameter(name, shape, values, true));
            });
    return new Weights(config, parameters);
  }
}
