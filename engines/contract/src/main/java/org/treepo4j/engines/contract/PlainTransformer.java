package org.treepo4j.engines.contract;

import static org.treepo4j.engines.contract.PlainKernels.attend;
import static org.treepo4j.engines.contract.PlainKernels.entropy;
import static org.treepo4j.engines.contract.PlainKernels.geGlu;
import static org.treepo4j.engines.contract.PlainKernels.logSoftmax;
import static org.treepo4j.engines.contract.PlainKernels.multiply;
import static org.treepo4j.engines.contract.PlainKernels.softCap;
import static org.treepo4j.engines.contract.PlainKernels.swiGlu;
import static org.treepo4j.engines.contract.PlainKernels.widen;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.RotaryFrequencies;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/** The transformer in plain float64 loops, one path at a time: what the engine is compared with. */
public final class PlainTransformer {
  private final ModelConfig config;
  private final Map<String, double[]> tensors = new HashMap<>();
  private final Map<Rotary, double[]> frequencies = new HashMap<>();

  public PlainTransformer(Weights weights) {
    config = weights.config();
    for (Parameter parameter : weights.parameters()) {
      tensors.put(parameter.name(), widen(parameter.values()));
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      config
          .rotary(layer)
          .ifPresent(rotary -> frequencies.put(rotary, RotaryFrequencies.of(weights, rotary)));
    }
  }

  /** The live elements of a tensor. */
  public double[] tensor(String name) {
    return tensors.get(name);
  }

  /** {@code Σ dLogprob·logprob + dEntropy·entropy} over the tokens of a tree. */
  public double objective(TokenTree tree, double temperature, float[] dLogprob, float[] dEntropy) {
    double[][] scores = scores(tree, temperature);
    double sum = 0;
    for (int i = 0; i < tree.size(); i++) {
      sum += dLogprob[i] * scores[0][i] + dEntropy[i] * scores[1][i];
    }
    return sum;
  }

  /** Log-probabilities and entropies of every token of a tree, {@code [2][size]}. */
  public double[][] scores(TokenTree tree, double temperature) {
    double[][] logits = logits(tree);
    double[][] scores = new double[2][tree.size()];
    for (int i = 0; i < tree.size(); i++) {
      double[] logp = logSoftmax(logits[i], temperature);
      scores[1][i] = entropy(logp);
      for (int child = i + 1; child < tree.size(); child++) {
        if (tree.parents()[child] == i) {
          scores[0][child] = logp[tree.tokens()[child]];
        }
      }
    }
    return scores;
  }

  /** Logits after every token, {@code [size][vocabSize]}. */
  public double[][] logits(TokenTree tree) {
    int size = tree.size();
    double[][] x = new double[size][];
    for (int i = 0; i < size; i++) {
      x[i] = row(tensors.get(TensorNames.EMBEDDING), tree.tokens()[i], config.hiddenSize());
      for (int j = 0; j < x[i].length; j++) {
        x[i][j] *= config.design().scales().embedding();
      }
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      block(tree, layer, x);
    }
    double[] head = tensors.get(config.tiedEmbeddings() ? TensorNames.EMBEDDING : TensorNames.HEAD);
    double[][] logits = new double[size][];
    for (int i = 0; i < size; i++) {
      logits[i] = multiply(head, null, norm(x[i], tensors.get(TensorNames.FINAL_NORM)));
      for (int v = 0; v < logits[i].length; v++) {
        double logit = logits[i][v] / config.design().scales().logitDivisor();
        logits[i][v] = softCap(logit, config.design().caps().logits());
      }
    }
    return logits;
  }

  private void block(TokenTree tree, int layer, double[][] x) {
    int size = tree.size();
    int querySize = config.querySize();
    int kvSize = config.kvSize();
    Norms norms = config.architecture().norms();
    if (config.linear(layer)) {
      linear(tree, layer, x);
      return;
    }
    boolean gates = config.architecture().gatesAttention();
    double[][] gate = new double[size][];
    double[][] q = new double[size][];
    double[][] k = new double[size][];
    double[][] v = new double[size][];
    for (int i = 0; i < size; i++) {
      double[] h = norms == Norms.AFTER ? x[i] : norm(x[i], get(layer, TensorNames.INPUT_NORM));
      int position = tree.positions()[i];
      if (config.architecture().fusedProjections()) {
        double[] all = multiply(get(layer, TensorNames.QKV), null, h);
        q[i] = Arrays.copyOfRange(all, 0, querySize);
        k[i] = Arrays.copyOfRange(all, querySize, querySize + kvSize);
        v[i] = Arrays.copyOfRange(all, querySize + kvSize, all.length);
      } else {
        q[i] = multiply(get(layer, TensorNames.QUERY), get(layer, TensorNames.QUERY_BIAS), h);
        k[i] = multiply(get(layer, TensorNames.KEY), get(layer, TensorNames.KEY_BIAS), h);
        v[i] = multiply(get(layer, TensorNames.VALUE), get(layer, TensorNames.VALUE_BIAS), h);
      }
      if (gates) {
        gate[i] = everySecondHead(q[i], 1);
        q[i] = everySecondHead(q[i], 0);
      }
      q[i] = heads(q[i], layer, TensorNames.QUERY_NORM, position);
      k[i] = heads(k[i], layer, TensorNames.KEY_NORM, position);
      for (int j = 0; j < q[i].length; j++) {
        q[i][j] *= config.design().queryGrowth().at(position);
      }
    }
    for (int i = 0; i < size; i++) {
      int[] seen = tree.path(i);
      int window = config.window(layer);
      if (window > 0 && window < seen.length) {
        seen = Arrays.copyOfRange(seen, seen.length - window, seen.length);
      }
      double[] attended =
          attend(
              seen,
              config.heads(),
              config.headsPerKvHead(),
              config.attentionScale(),
              config.design().caps().attention(),
              q[i],
              k,
              v);
      for (int j = 0; gates && j < attended.length; j++) {
        attended[j] /= 1 + Math.exp(-gate[i][j]);
      }
      double[] out =
          multiply(get(layer, TensorNames.OUTPUT), get(layer, TensorNames.OUTPUT_BIAS), attended);
      String before =
          norms == Norms.AROUND ? TensorNames.PRE_FFN_NORM : TensorNames.POST_ATTENTION_NORM;
      boolean normed = norms != Norms.BEFORE;
      add(x[i], normed ? norm(out, get(layer, TensorNames.POST_ATTENTION_NORM)) : out);
      double[] h = norms == Norms.AFTER ? x[i] : norm(x[i], get(layer, before));
      double[] y = feedForward(layer, h);
      add(x[i], normed ? norm(y, get(layer, TensorNames.POST_FFN_NORM)) : y);
    }
  }

  /** A block with the delta rule; norms stand before its layers. */
  private void linear(TokenTree tree, int layer, double[][] x) {
    double[][] h = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      h[i] = norm(x[i], get(layer, TensorNames.INPUT_NORM));
    }
    double[][] out =
        new PlainDelta(config.design().deltaRule(), config.normEps(), name -> get(layer, name))
            .apply(tree, h);
    for (int i = 0; i < x.length; i++) {
      add(x[i], out[i]);
      add(x[i], feedForward(layer, norm(x[i], get(layer, TensorNames.POST_ATTENTION_NORM))));
    }
  }

  /** Queries and gates stand side by side, head by head. */
  private double[] everySecondHead(double[] both, int first) {
    int dim = config.headDim();
    double[] heads = new double[both.length / 2];
    for (int head = 0; head < config.heads(); head++) {
      System.arraycopy(both, (2 * head + first) * dim, heads, head * dim, dim);
    }
    return heads;
  }

  private double[] feedForward(int layer, double[] h) {
    Experts experts = config.design().experts();
    if (experts == null) {
      return dense(layer, name -> name, h);
    }
    double[] logp = logSoftmax(multiply(get(layer, TensorNames.ROUTER), null, h), 1);
    double[] left = logp.clone();
    double[] y = new double[h.length];
    double sum = 0;
    for (int slot = 0; slot < experts.perToken(); slot++) {
      int best = 0;
      for (int e = 1; e < left.length; e++) {
        best = left[e] > left[best] ? e : best;
      }
      left[best] = Double.NEGATIVE_INFINITY;
      int expert = best;
      double[] out = dense(layer, name -> TensorNames.ofExpert(expert, name), h);
      for (int j = 0; j < y.length; j++) {
        y[j] += Math.exp(logp[expert]) * out[j];
      }
      sum += Math.exp(logp[expert]);
    }
    for (int j = 0; experts.normalised() && j < y.length; j++) {
      y[j] /= sum;
    }
    return y;
  }

  /**
   * @param names of the layer's gate, up and down
   */
  private double[] dense(int layer, UnaryOperator<String> names, double[] h) {
    double[] gate;
    double[] up;
    if (config.architecture().fusedProjections()) {
      double[] both = multiply(get(layer, TensorNames.GATE_UP), null, h);
      gate = Arrays.copyOfRange(both, 0, config.ffnSize());
      up = Arrays.copyOfRange(both, config.ffnSize(), both.length);
    } else {
      gate = multiply(get(layer, names.apply(TensorNames.GATE)), null, h);
      up = multiply(get(layer, names.apply(TensorNames.UP)), null, h);
    }
    boolean silu = config.design().activation() == Activation.SILU;
    for (int j = 0; j < gate.length; j++) {
      gate[j] = silu ? swiGlu(gate[j], up[j]) : geGlu(gate[j], up[j]);
    }
    return multiply(get(layer, names.apply(TensorNames.DOWN)), null, gate);
  }

  private double[] heads(double[] raw, int layer, String norm, int position) {
    int dim = config.headDim();
    double[] weight = get(layer, norm);
    double[] x = weight != null && weight.length == raw.length ? norm(raw, weight) : raw;
    for (int at = 0; at < x.length; at += dim) {
      double[] head = row(x, at / dim, dim);
      if (weight != null && weight.length != raw.length) {
        head = norm(head, weight);
      }
      if (config.rotary(layer).isPresent()) {
        Rotary rotary = config.rotary(layer).get();
        double[] first = Arrays.copyOf(head, config.rotaryWidth());
        PlainKernels.turn(first, position, frequencies.get(rotary));
        for (int i = 0; i < first.length; i++) {
          head[i] = first[i] * RotaryFrequencies.attentionFactor(rotary);
        }
      }
      System.arraycopy(head, 0, x, at, dim);
    }
    return x;
  }

  private double[] norm(double[] x, double[] weight) {
    double[] factor = weight.clone();
    for (int i = 0; i < factor.length; i++) {
      factor[i] += config.architecture().normsAddOne() ? 1 : 0;
    }
    return PlainKernels.norm(x, factor, config.normEps());
  }

  private double[] get(int layer, String name) {
    return tensors.get(TensorNames.ofLayer(layer, name));
  }

  private void add(double[] to, double[] from) {
    for (int i = 0; i < to.length; i++) {
      to[i] += config.design().scales().residual() * from[i];
    }
  }

  private static double[] row(double[] table, int row, int width) {
    double[] copy = new double[width];
    System.arraycopy(table, row * width, copy, 0, width);
    return copy;
  }
}
