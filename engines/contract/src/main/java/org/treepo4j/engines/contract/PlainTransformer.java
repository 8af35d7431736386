package org.treepo4j.engines.contract;

import static org.treepo4j.engines.contract.PlainKernels.attend;
import static org.treepo4j.engines.contract.PlainKernels.entropy;
import static org.treepo4j.engines.contract.PlainKernels.logSoftmax;
import static org.treepo4j.engines.contract.PlainKernels.multiply;
import static org.treepo4j.engines.contract.PlainKernels.swiGlu;
import static org.treepo4j.engines.contract.PlainKernels.widen;

import java.util.HashMap;
import java.util.Map;
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
  private final double[] frequencies;

  public PlainTransformer(Weights weights) {
    config = weights.config();
    for (Parameter parameter : weights.parameters()) {
      tensors.put(parameter.name(), widen(parameter.values()));
    }
    frequencies = RotaryFrequencies.of(weights);
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
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      block(tree, layer, x);
    }
    double[] head = tensors.get(config.tiedEmbeddings() ? TensorNames.EMBEDDING : TensorNames.HEAD);
    double[][] logits = new double[size][];
    for (int i = 0; i < size; i++) {
      logits[i] = multiply(head, null, norm(x[i], tensors.get(TensorNames.FINAL_NORM)));
    }
    return logits;
  }

  private void block(TokenTree tree, int layer, double[][] x) {
    int size = tree.size();
    double[][] q = new double[size][];
    double[][] k = new double[size][];
    double[][] v = new double[size][];
    for (int i = 0; i < size; i++) {
      double[] h = norm(x[i], get(layer, TensorNames.INPUT_NORM));
      int position = tree.positions()[i];
      q[i] = multiply(get(layer, TensorNames.QUERY), get(layer, TensorNames.QUERY_BIAS), h);
      k[i] = multiply(get(layer, TensorNames.KEY), get(layer, TensorNames.KEY_BIAS), h);
      v[i] = multiply(get(layer, TensorNames.VALUE), get(layer, TensorNames.VALUE_BIAS), h);
      heads(q[i], get(layer, TensorNames.QUERY_NORM), position);
      heads(k[i], get(layer, TensorNames.KEY_NORM), position);
    }
    for (int i = 0; i < size; i++) {
      double[] attended = attend(tree.path(i), config.heads(), config.headsPerKvHead(), q[i], k, v);
      add(
          x[i],
          multiply(get(layer, TensorNames.OUTPUT), get(layer, TensorNames.OUTPUT_BIAS), attended));
      double[] h = norm(x[i], get(layer, TensorNames.POST_ATTENTION_NORM));
      double[] gate = multiply(get(layer, TensorNames.GATE), null, h);
      double[] up = multiply(get(layer, TensorNames.UP), null, h);
      for (int j = 0; j < gate.length; j++) {
        gate[j] = swiGlu(gate[j], up[j]);
      }
      add(x[i], multiply(get(layer, TensorNames.DOWN), null, gate));
    }
  }

  private void heads(double[] x, double[] normWeight, int position) {
    int dim = config.headDim();
    for (int at = 0; at < x.length; at += dim) {
      if (normWeight != null) {
        System.arraycopy(norm(row(x, at / dim, dim), normWeight), 0, x, at, dim);
      }
    }
    PlainKernels.turn(x, position, frequencies);
  }

  private double[] norm(double[] x, double[] weight) {
    return PlainKernels.norm(x, weight, config.normEps());
  }

  private double[] get(int layer, String name) {
    return tensors.get(TensorNames.ofLayer(layer, name));
  }

  private static void add(double[] to, double[] from) {
    for (int i = 0; i < to.length; i++) {
      to[i] += from[i];
    }
  }

  private static double[] row(double[] table, int row, int width) {
    double[] copy = new double[width];
    System.arraycopy(table, row * width, copy, 0, width);
    return copy;
  }
}
