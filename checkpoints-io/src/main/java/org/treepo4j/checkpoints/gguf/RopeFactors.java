package org.treepo4j.checkpoints.gguf;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.RopeScaling;

/**
 * The tensor {@code rope_freqs.weight}, by which rotary frequencies are divided. It is all that a
 * GGUF file keeps of Llama 3.1's scaling, whose parameters are found again here, so that an
 * exported model has them. Factors that no such parameters give are kept one by one.
 */
final class RopeFactors {
  /** The low and high frequency factors of all Llama 3 models. */
  private static final double LOW = 1;

  private static final double HIGH = 4;

  /** Factors are float32, computed in float32. */
  private static final double TOLERANCE = 2e-6;

  private RopeFactors() {}

  static RopeScaling scaling(float[] factors, double theta, GgufMetadata metadata)
      throws CheckpointException {
    List<Double> list = new ArrayList<>();
    for (float factor : factors) {
      if (!(factor > 0 && factor < Float.POSITIVE_INFINITY)) {
        throw metadata.refused(
            "tensor " + GgufNames.ROPE_FACTORS + " must hold positive numbers, one is " + factor);
      }
      list.add((double) factor);
    }
    if (list.stream().allMatch(factor -> factor == 1)) {
      return RopeScaling.NONE;
    }
    RopeScaling.Llama3 llama3 = llama3(list, theta);
    return llama3 != null ? llama3 : new RopeScaling.Factors(list);
  }

  /** The factors of a scaling, one for each pair of a head; null where it has none. */
  static float[] of(RopeScaling scaling, double theta, int pairs) {
    float[] factors = new float[pairs];
    for (int i = 0; i < pairs; i++) {
      if (scaling instanceof RopeScaling.Llama3 llama3) {
        factors[i] = (float) factor(llama3, i, pairs, theta);
      } else if (scaling instanceof RopeScaling.Factors given) {
        factors[i] = given.factors().get(i).floatValue();
      } else {
        return null;
      }
    }
    return factors;
  }

  /** The parameters that give these factors; null where none do. */
  private static RopeScaling.Llama3 llama3(List<Double> factors, double theta) {
    double most = factors.get(factors.size() - 1);
    for (int i = 0; i < factors.size(); i++) {
      double factor = factors.get(i);
      if (factor > 1 && factor < most) {
        double kept = (1 / factor - 1 / most) / (1 - 1 / most);
        double turns = LOW + kept * (HIGH - LOW);
        double original = turns * wavelength(i, factors.size(), theta);
        if (original >= 1 && original < Integer.MAX_VALUE) {
          RopeScaling.Llama3 found =
              new RopeScaling.Llama3(most, LOW, HIGH, (int) Math.round(original));
          return gives(found, factors, theta) ? found : null;
        }
      }
    }
    return null;
  }

  private static boolean gives(RopeScaling.Llama3 llama3, List<Double> factors, double theta) {
    for (int i = 0; i < factors.size(); i++) {
      double factor = factor(llama3, i, factors.size(), theta);
      if (Math.abs(factor / factors.get(i) - 1) > TOLERANCE) {
        return false;
      }
    }
    return true;
  }

  private static double factor(RopeScaling.Llama3 llama3, int pair, int pairs, double theta) {
    double turns = llama3.originalMaxPositions() / wavelength(pair, pairs, theta);
    double low = llama3.lowFreqFactor();
    double kept = Math.max(0, Math.min(1, (turns - low) / (llama3.highFreqFactor() - low)));
    return 1 / (kept + (1 - kept) / llama3.factor());
  }

  /** Positions in one turn of a pair. */
  private static double wavelength(int pair, int pairs, double theta) {
    return 2 * Math.PI * Math.pow(theta, (double) pair / pairs);
  }
}
