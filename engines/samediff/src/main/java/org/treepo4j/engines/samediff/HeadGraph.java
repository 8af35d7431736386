package org.treepo4j.engines.samediff;

import static org.treepo4j.engines.samediff.GraphParts.linear;
import static org.treepo4j.engines.samediff.GraphParts.rmsNorm;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.TensorNames;

/**
 * From hidden states to the distribution of the next token: final norm, head, cap, log-softmax of
 * {@code logits / temperature} and its entropy {@code H = −Σ p·log p}. The backward pass
 * differentiates {@code Σ c ⊙ logp + Σ e ⊙ H} with the coefficients as inputs: {@code (c − p·Σc −
 * e·p·(log p + H)) / temperature} by the logits, written out as nothing of it can overflow.
 */
final class HeadGraph {
  private static final String INPUT = "x";
  private static final String INVERSE_TEMPERATURE = "inverseTemperature";
  private static final String LOGPROB_COEFFICIENTS = "c";
  private static final String ENTROPY_COEFFICIENTS = "e";
  private static final String LOGITS = "logits";
  private static final String LOGITS_GRADIENT = "dLogits";
  private static final String LOGPROBS = "logp";
  private static final String ENTROPIES = "entropy";

  private final SameDiff graph = SameDiff.create();
  private final GraphRunner forward;
  private final GradientRunner gradients;

  /** Log-probabilities {@code [rows, vocabSize]} and entropies {@code [rows, 1]}. */
  record Outcome(Tensor logprobs, Tensor entropies) implements AutoCloseable {
    @Override
    public void close() {
      logprobs.close();
      entropies.close();
    }
  }

  HeadGraph(ModelConfig config, NativeWeights weights) {
    String head = weights.headName();
    SDVariable x = graph.placeHolder(INPUT, DataType.FLOAT, -1, config.hiddenSize());
    SDVariable inverse = graph.placeHolder(INVERSE_TEMPERATURE, DataType.FLOAT, 1, 1);
    SDVariable c = graph.placeHolder(LOGPROB_COEFFICIENTS, DataType.FLOAT, -1, config.vocabSize());
    SDVariable e = graph.placeHolder(ENTROPY_COEFFICIENTS, DataType.FLOAT, -1, 1);
    SDVariable ones = graph.constant("ones", Nd4j.ones(DataType.FLOAT, config.vocabSize(), 1));
    SDVariable norm = graph.var(TensorNames.FINAL_NORM, weights.array(TensorNames.FINAL_NORM));
    SDVariable matrix = graph.var(head, weights.array(head));

    SDVariable factor = GraphParts.factor(norm, config.architecture().normsAddOne());
    SDVariable products = linear(graph, rmsNorm(graph, x, 1, factor, config.normEps()), matrix);
    double divisor = config.design().scales().logitDivisor();
    SDVariable scaled = divisor == 1 ? products : products.mul(1 / divisor);
    SDVariable logits = GraphParts.softCap(graph, scaled, config.design().caps().logits());
    logits.rename(LOGITS);
    // Not logSoftmax, which is −∞ where a probability is too small for a float. The difference is
    // taken before the temperature, so that it is exact however low that is.
    SDVariable z = logits.sub(logits.max(true, 1)).mul(inverse);
    SDVariable sum = sum(graph.math().exp(z), ones);
    SDVariable logp = z.sub(LOGPROBS, graph.math().log(sum));
    SDVariable p = graph.math().exp(logp);
    SDVariable entropy = sum(p.mul(logp), ones).mul(ENTROPIES, -1);
    SDVariable byLogprobs = c.sub(p.mul(sum(c, ones)));
    SDVariable byEntropies = p.mul(logp.add(entropy)).mul(e);
    byLogprobs.sub(byEntropies).mul(LOGITS_GRADIENT, inverse);
    forward = new GraphRunner(graph);
    gradients =
        new GradientRunner(
            graph, weights, List.of(TensorNames.FINAL_NORM, head), INPUT, LOGITS, LOGITS_GRADIENT);
  }

  /**
   * Sums of the rows, {@code [rows, 1]}, as a matrix product: that sums in many parts, where ND4J's
   * own sum of a hundred thousand floats is off in the fourth digit.
   */
  private SDVariable sum(SDVariable x, SDVariable ones) {
    return graph.mmul(x, ones);
  }

  /** Whether final norm or head is trainable. */
  boolean trainable() {
    return gradients.trainable();
  }

  /** Logits before the temperature, {@code [rows, vocabSize]}; input {@code [rows, hidden]}. */
  Tensor logits(Tensor input) {
    return forward.run(Map.of(INPUT, input.array()), List.of(LOGITS)).get(0);
  }

  /** The distribution after every row. */
  Outcome run(Tensor input, double temperature) {
    try (Tensor inverse = inverse(temperature)) {
      Map<String, INDArray> inputs =
          Map.of(INPUT, input.array(), INVERSE_TEMPERATURE, inverse.array());
      List<Tensor> outputs = forward.run(inputs, List.of(LOGPROBS, ENTROPIES));
      return new Outcome(outputs.get(0), outputs.get(1));
    }
  }

  /**
   * Adds the gradients of the trainable ones of final norm and head to their parameters.
   *
   * @param input the rows, {@code [rows, hidden]}
   * @param c derivative by every log-probability, {@code [rows, vocabSize]}
   * @param e derivative by every entropy, {@code [rows, 1]}
   * @return derivative by the input, the caller's to close
   */
  Tensor backward(Tensor input, double temperature, Tensor c, Tensor e) {
    try (Tensor inverse = inverse(temperature)) {
      Map<String, INDArray> inputs = new HashMap<>();
      inputs.put(INPUT, input.array());
      inputs.put(INVERSE_TEMPERATURE, inverse.array());
      inputs.put(LOGPROB_COEFFICIENTS, c.array());
      inputs.put(ENTROPY_COEFFICIENTS, e.array());
      return gradients.run(inputs);
    }
  }

  private static Tensor inverse(double temperature) {
    return Tensor.of(new float[] {(float) (1 / temperature)}, 1, 1);
  }
}
