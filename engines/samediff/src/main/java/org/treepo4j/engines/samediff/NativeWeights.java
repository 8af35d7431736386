package org.treepo4j.engines.samediff;

import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/**
 * ND4J's copy of the weights, adapters merged in, shared by all graphs and written in place when
 * they change.
 */
final class NativeWeights implements AutoCloseable {
  private final Weights weights;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  NativeWeights(Weights weights) {
    this.weights = weights;
    for (Parameter parameter : weights.parameters()) {
      long[] shape = new long[parameter.shape().length];
      for (int i = 0; i < shape.length; i++) {
        shape[i] = parameter.shape()[i];
      }
      tensors.put(parameter.name(), Tensor.of(parameter.mergedValues(), shape));
    }
  }

  /** The live array of a tensor. */
  INDArray array(String name) {
    return tensors.get(name).array();
  }

  boolean has(String name) {
    return tensors.containsKey(name);
  }

  Parameter parameter(String name) {
    return weights.parameter(name);
  }

  /** The tensor that turns hidden states into logits. */
  String headName() {
    return weights.config().tiedEmbeddings() ? TensorNames.EMBEDDING : TensorNames.HEAD;
  }

  /** Copies the present values. */
  void refresh() {
    tensors.forEach((name, tensor) -> tensor.overwrite(parameter(name).mergedValues()));
  }

  @Override
  public void close() {
    tensors.values().forEach(Tensor::close);
    tensors.clear();
  }
}
