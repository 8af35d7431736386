package org.treepo4j.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * Fresh weights for training from scratch: matrices normal with standard deviation 0.02, those that
 * write into the residual stream divided by √(2·layers) (GPT-2), norms one (zero where the model
 * adds one to them), biases zero.
 */
public final class RandomWeights {
  private static final double STANDARD_DEVIATION = 0.02;

  private RandomWeights() {}

  /** The same seed gives the same weights on every machine. */
  public static Weights create(ModelConfig config, long seed) {
    Random random = new Random(seed);
    double residual = STANDARD_DEVIATION / Math.sqrt(2.0 * config.layers());
    List<Parameter> parameters = new ArrayList<>();
    TensorNames.shapes(config)
        .forEach(
            (name, shape) -> {
              float[] values = new float[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
              if (shape.length == 2) {
                boolean intoResidual =
                    name.endsWith(TensorNames.OUTPUT) || name.endsWith(TensorNames.DOWN);
                double deviation = intoResidual ? residual : STANDARD_DEVIATION;
                for (int i = 0; i < values.length; i++) {
                  values[i] = (float) (random.nextGaussian() * deviation);
                }
              } else if (name.endsWith("norm.weight")) {
                Arrays.fill(values, config.architecture().normsAddOne() ? 0f : 1f);
              }
              parameters.add(new Parameter(name, shape, values, true));
            });
    return new Weights(config, parameters);
  }
}
