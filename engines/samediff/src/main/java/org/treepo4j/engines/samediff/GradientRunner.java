package org.treepo4j.engines.samediff;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.treepo4j.model.Parameter;

/**
 * Reverse-mode differentiation of a graph: given the derivative by an output, those by its
 * trainable weights and its input. The operations that compute them are added to the graph on first
 * use, so that a model that only samples does not hold them.
 *
 * <p>{@code SameDiff.createGradFunction} is not used: it prints every operation to standard output,
 * which is for results, and leaves out gradients of inputs with several consumers. Each operation's
 * own derivative is SameDiff's.
 */
final class GradientRunner {
  private final SameDiff graph;
  private final NativeWeights weights;
  private final List<String> trainable;
  private final String input;
  private final String output;
  private final String outputGradient;
  private final List<String> asked = new ArrayList<>();
  private GraphRunner runner;

  /**
   * @param names the weights that occur in the graph
   * @param input the placeholder whose gradient is wanted
   * @param output the variable that is differentiated
   * @param outputGradient the variable that holds the derivative by it, of the same shape
   */
  GradientRunner(
      SameDiff graph,
      NativeWeights weights,
      List<String> names,
      String input,
      String output,
      String outputGradient) {
    this.graph = graph;
    this.weights = weights;
    this.trainable = names.stream().filter(name -> weights.parameter(name).trainable()).toList();
    this.input = input;
    this.output = output;
    this.outputGradient = outputGradient;
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
      differentiate();
      runner = new GraphRunner(graph);
    }
    List<Tensor> gradients = runner.run(inputs, asked);
    for (int i = 0; i < trainable.size(); i++) {
      Parameter parameter = weights.parameter(trainable.get(i));
      try (Tensor gradient = gradients.get(i)) {
        if (parameter.adapter() == null) {
          gradient.addTo(parameter.gradient());
        } else {
          parameter.adapter().addGradient(gradient.toFloats());
        }
      }
    }
    return gradients.get(trainable.size());
  }

  /** Adds the operations of all gradients, the last operation's first. */
  private void differentiate() {
    Map<String, SDVariable> gradients = new HashMap<>();
    gradients.put(output, graph.getVariable(outputGradient));
    for (DifferentialFunction operation : operations()) {
      List<SDVariable> byOutputs = new ArrayList<>();
      for (SDVariable result : operation.outputVariables()) {
        byOutputs.add(gradients.get(result.name()));
      }
      SDVariable[] arguments = operation.args();
      List<SDVariable> byArguments = operation.doDiff(byOutputs);
      for (int i = 0; i < byArguments.size(); i++) {
        gradients.merge(arguments[i].name(), byArguments.get(i), SDVariable::add);
      }
    }
    trainable.forEach(name -> asked.add(gradients.get(name).name()));
    asked.add(gradients.get(input).name());
  }

  /** The operations that lead from the input and the weights to the output, the last one first. */
  private List<DifferentialFunction> operations() {
    Map<String, DifferentialFunction> done = new LinkedHashMap<>();
    Map<String, DifferentialFunction> open = new HashMap<>();
    Deque<DifferentialFunction> stack = new ArrayDeque<>();
    stack.push(graph.getVariableOutputOp(output));
    while (!stack.isEmpty()) {
      DifferentialFunction operation = stack.peek();
      boolean first = open.put(operation.getOwnName(), operation) == null;
      if (first) {
        for (SDVariable argument : operation.args()) {
          DifferentialFunction before = graph.getVariableOutputOp(argument.name());
          if (before != null && !open.containsKey(before.getOwnName())) {
            stack.push(before);
          }
        }
      } else {
        done.putIfAbsent(operation.getOwnName(), stack.pop());
      }
    }
    List<DifferentialFunction> lastFirst = new ArrayList<>(done.values());
    Collections.reverse(lastFirst);
    return lastFirst;
  }
}
