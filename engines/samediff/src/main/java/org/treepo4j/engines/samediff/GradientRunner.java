package org.treepo4j.engines.samediff;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.treepo4j.model.Parameter;

/**
 * The derivative of a graph's loss variable by its trainable weights and its input. SameDiff's
 * gradient function is made on first use, so that a model that only samples does not hold it.
 */
final class GradientRunner {
  private final SameDiff graph;
  private final NativeWeights weights;
  private final List<String> trainable;
  private final String input;
  private GraphRunner runner;

  /**
   * @param names the weights that occur in the graph
   * @param input a variable made by {@link GraphParts#differentiableInput}
   */
  GradientRunner(SameDiff graph, NativeWeights weights, List<String> names, String input) {
    this.graph = graph;
    this.weights = weights;
    this.trainable = names.stream().filter(name -> weights.parameter(name).trainable()).toList();
    this.input = input;
  }

  /** Whether any weight of the graph is trainable. */
  boolean trainable() {
    return !trainable.isEmpty();
  }

  /**
   * Adds the gradients of the trainable weights to their parameters.
   *
   * @return derivative by the input, the caller's to close
   */
  Tensor run(Map<String, INDArray> inputs) {
    if (runner == null) {
      runner = new GraphRunner(differentiate());
    }
    List<String> asked = new ArrayList<>();
    trainable.forEach(name -> asked.add(gradientOf(name)));
    asked.add(gradientOf(input));
    List<Tensor> gradients = runner.run(inputs, asked);
    for (int i = 0; i < trainable.size(); i++) {
      Parameter parameter = weights.parameter(trainable.get(i));
      try (Tensor gradient = gradients.get(i)) {
        gradient.addTo(parameter.gradient());
      }
    }
    return gradients.get(trainable.size());
  }

  /** SameDiff prints every operation it differentiates; standard output is for results. */
  private SameDiff differentiate() {
    synchronized (GradientRunner.class) {
      PrintStream out = System.out;
      System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, UTF_8));
      try {
        graph.createGradFunction(input);
      } finally {
        System.setOut(out);
      }
    }
    return graph.getFunction("grad");
  }

  private String gradientOf(String variable) {
    return graph.getVariable(variable).getGradient().name();
  }
}
