package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.Weights;

/** What the contract's tests compute beside an engine. */
public final class EngineMath {

  private EngineMath() {}

  /** log softmax of {@code logits / temperature}. */
  public static double[] logSoftmax(float[] logits, double temperature) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit / temperature);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit / temperature - max);
    }
    double[] logprobs = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      logprobs[i] = logits[i] / temperature - max - Math.log(sum);
    }
    return logprobs;
  }

  public static double entropy(double[] logprobs) {
    double entropy = 0;
    for (double logprob : logprobs) {
      entropy -= Math.exp(logprob) * logprob;
    }
    return entropy;
  }

  public static int argMax(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  public static Map<String, float[]> gradients(Weights weights) {
    Map<String, float[]> gradients = new LinkedHashMap<>();
    for (Parameter parameter : weights.parameters()) {
      gradients.put(parameter.name(), parameter.gradient().clone());
    }
    return gradients;
  }

  /** Holds ‖actual − expected‖ ≤ tolerance·‖expected‖ for every tensor. */
  public static void assertGradientsClose(
      Map<String, float[]> actual, Map<String, float[]> expected, double tolerance) {
    assertThat(actual.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
    expected.forEach(
        (name, reference) -> {
          float[] values = actual.get(name);
          assertThat(values).as(name).hasSameSizeAs(reference);
          double difference = 0;
          double size = 0;
          for (int i = 0; i < reference.length; i++) {
            difference += Math.pow((double) values[i] - reference[i], 2);
            size += Math.pow(reference[i], 2);
          }
          assertThat(Math.sqrt(difference))
              .as("distance of the gradient of %s, whose norm is %s", name, Math.sqrt(size))
              .isLessThanOrEqualTo(tolerance * Math.sqrt(size) + 1e-6);
        });
  }
}
