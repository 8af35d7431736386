package org.treepo4j.rl.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.Weights;

/** Adds up gradients, one whole gradient after the other, so that the order decides every bit. */
public final class GradientSum {
  private final List<Parameter> parameters;

  /** By parameter; allocated with the first gradient. */
  private final List<float[]> sums = new ArrayList<>();

  private boolean empty = true;

  /**
   * @param weights whose trainable parameters' gradients are added up
   */
  public GradientSum(Weights weights) {
    parameters = weights.parameters().stream().filter(Parameter::trainable).toList();
  }

  /** Adds the gradients that are there, and sets them to zero. */
  public void take() {
    if (sums.isEmpty()) {
      parameters.forEach(parameter -> sums.add(new float[parameter.values().length]));
    }
    for (int p = 0; p < sums.size(); p++) {
      float[] gradient = parameters.get(p).gradient();
      float[] sum = sums.get(p);
      if (empty) {
        System.arraycopy(gradient, 0, sum, 0, sum.length);
      } else {
        add(gradient, sum);
      }
      Arrays.fill(gradient, 0f);
    }
    empty = false;
  }

  /** Puts the sum in the place of the gradients, and begins again. */
  public void giveBack() {
    for (int p = 0; p < sums.size(); p++) {
      float[] sum = sums.get(p);
      System.arraycopy(sum, 0, parameters.get(p).gradient(), 0, sum.length);
    }
    empty = true;
  }

  /** {@code sum += gradient}. */
  public static void add(float[] gradient, float[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += gradient[i];
    }
  }
}
