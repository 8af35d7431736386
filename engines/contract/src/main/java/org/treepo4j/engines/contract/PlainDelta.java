package org.treepo4j.engines.contract;

import static org.treepo4j.engines.contract.PlainKernels.multiply;

import java.util.function.Function;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.TokenTree;

/**
 * A linear layer in plain float64 loops: every token copies the state of its parent and goes one
 * step of the recurrence, so nothing is shared but by the tree itself.
 */
public final class PlainDelta {
  private static final double UNIT_EPSILON = 1e-6;

  private final DeltaRule rule;
  private final double normEpsilon;
  private final Function<String, double[]> weights;

  /**
   * @param weights of the layer, by the name of a tensor in it
   */
  public PlainDelta(DeltaRule rule, double normEpsilon, Function<String, double[]> weights) {
    this.rule = rule;
    this.normEpsilon = normEpsilon;
    this.weights = weights;
  }

  /**
   * What the layer adds to the residual stream.
   *
   * @param h its normalised inputs, {@code [size][hidden]}
   */
  public double[][] apply(TokenTree tree, double[][] h) {
    int size = tree.size();
    double[][] mixed = new double[size][];
    double[][][] states = new double[size][rule.valueHeads()][];
    double[][] out = new double[size][];
    for (int i = 0; i < size; i++) {
      mixed[i] = multiply(weights.apply(TensorNames.LINEAR_QKV), null, h[i]);
      double[] x = convolve(tree, i, mixed);
      double[] beta = multiply(weights.apply(TensorNames.LINEAR_BETA), null, h[i]);
      double[] decay = multiply(weights.apply(TensorNames.LINEAR_DECAY), null, h[i]);
      double[] gate = multiply(weights.apply(TensorNames.LINEAR_GATE), null, h[i]);
      double[] y = new double[rule.valueSize()];
      for (int head = 0; head < rule.valueHeads(); head++) {
        double[] before =
            i == 0
                ? new double[rule.keyDim() * rule.valueDim()]
                : states[tree.parents()[i]][head].clone();
        double step = decay[head] + weights.apply(TensorNames.LINEAR_DECAY_BIAS)[head];
        double softplus = Math.max(step, 0) + Math.log1p(Math.exp(-Math.abs(step)));
        double factor = Math.exp(weights.apply(TensorNames.LINEAR_DECAY_LOG)[head]);
        int from = head / rule.group() * rule.keyDim();
        double[] q = unit(x, from, 1 / Math.sqrt(rule.keyDim()));
        double[] k = unit(x, rule.keySize() + from, 1);
        double[] v = part(x, 2 * rule.keySize() + head * rule.valueDim(), rule.valueDim());
        double[] o =
            step(before, q, k, v, 1 / (1 + Math.exp(-beta[head])), Math.exp(-factor * softplus));
        states[i][head] = before;
        double[] normed = PlainKernels.norm(o, weights.apply(TensorNames.LINEAR_NORM), normEpsilon);
        for (int d = 0; d < normed.length; d++) {
          int at = head * rule.valueDim() + d;
          y[at] = PlainKernels.swiGlu(gate[at], normed[d]);
        }
      }
      out[i] = multiply(weights.apply(TensorNames.LINEAR_OUTPUT), null, y);
    }
    return out;
  }

  /** One step of the recurrence; the state {@code [keyDim × valueDim]} is changed. */
  public static double[] step(
      double[] state, double[] q, double[] k, double[] v, double beta, double decay) {
    int width = v.length;
    double[] u = v.clone();
    for (int a = 0; a < k.length; a++) {
      for (int b = 0; b < width; b++) {
        state[a * width + b] *= decay;
        u[b] -= state[a * width + b] * k[a];
      }
    }
    double[] o = new double[width];
    for (int a = 0; a < k.length; a++) {
      for (int b = 0; b < width; b++) {
        state[a * width + b] += k[a] * beta * u[b];
        o[b] += state[a * width + b] * q[a];
      }
    }
    return o;
  }

  private double[] convolve(TokenTree tree, int token, double[][] mixed) {
    double[] weight = weights.apply(TensorNames.LINEAR_CONV);
    int width = rule.convWidth();
    double[] y = new double[rule.convSize()];
    int ancestor = token;
    for (int distance = 0; distance < width && ancestor >= 0; distance++) {
      for (int c = 0; c < y.length; c++) {
        y[c] += weight[c * width + width - 1 - distance] * mixed[ancestor][c];
      }
      ancestor = tree.parents()[ancestor];
    }
    for (int c = 0; c < y.length; c++) {
      y[c] = PlainKernels.swiGlu(y[c], 1);
    }
    return y;
  }

  private double[] unit(double[] x, int from, double factor) {
    double[] head = part(x, from, rule.keyDim());
    double square = UNIT_EPSILON;
    for (double value : head) {
      square += value * value;
    }
    for (int d = 0; d < head.length; d++) {
      head[d] *= factor / Math.sqrt(square);
    }
    return head;
  }

  private static double[] part(double[] x, int from, int width) {
    double[] part = new double[width];
    System.arraycopy(x, from, part, 0, width);
    return part;
  }
}
