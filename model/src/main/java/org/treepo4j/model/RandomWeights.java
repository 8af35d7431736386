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
 *
 * <p>Linear layers begin as in Yang et al. 2024 (arXiv 2412.06464): factors of the decay uniform
 * below 16, its bias such that steps are log-uniform between 0.001 and 0.1, convolutions uniform
 * within ±1/√width.
 */
public final class RandomWeights {
  private static final double STANDARD_DEVIATION = 0.02;
  private static final double MOST_DECAY = 16;
  private static final double LEAST_STEP = 1e-3;
  private static final double MOST_STEP = 0.1;

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
                    name.endsWith(TensorNames.OUTPUT)
                        || name.endsWith(TensorNames.LINEAR_OUTPUT)
                        || name.endsWith("down_proj.weight");
                double deviation = intoResidual ? residual : STANDARD_DEVIATION;
                for (int i = 0; i < values.length; i++) {
                  values[i] = (float) (random.nextGaussian() * deviation);
                }
              } else if (name.endsWith(TensorNames.LINEAR_NORM)) {
                Arrays.fill(values, 1f);
              } else if (name.endsWith("norm.weight")) {
                Arrays.fill(values, config.architecture().normsAddOne() ? 0f : 1f);
              } else if (name.contains("linear_attn.")) {
                fillLinear(name, shape, values, random);
              }
              parameters.add(new Parameter(name, shape, values, true));
            });
    return new Weights(config, parameters);
  }

  private static void fillLinear(String name, int[] shape, float[] values, Random random) {
    for (int i = 0; i < values.length; i++) {
      double uniform = random.nextDouble();
      if (name.endsWith(TensorNames.LINEAR_DECAY_LOG)) {
        values[i] = (float) Math.log(MOST_DECAY * Math.max(uniform, 1e-3));
      } else if (name.endsWith(TensorNames.LINEAR_DECAY_BIAS)) {
        double step = LEAST_STEP * Math.pow(MOST_STEP / LEAST_STEP, uniform);
        values[i] = (float) Math.log(Math.expm1(step)); // its softplus is the step
      } else {
        values[i] = (float) ((2 * uniform - 1) / Math.sqrt(shape[shape.length - 1]));
      }
    }
  }
}
