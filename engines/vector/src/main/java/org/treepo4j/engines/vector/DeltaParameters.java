package org.treepo4j.engines.vector;

import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/**
 * The weights of a linear layer between its two norms of the residual stream.
 *
 * @param qkv queries, keys and values before the convolution
 * @param gate of the output
 * @param beta strengths before the sigmoid
 * @param decay decays before bias and softplus
 * @param norm of each head's output
 */
record DeltaParameters(
    Projection qkv,
    Projection gate,
    Projection beta,
    Projection decay,
    Parameter decayBias,
    Parameter decayLog,
    Parameter conv,
    NormWeight norm,
    Projection output) {

  static DeltaParameters of(Weights weights, int layer) {
    return new DeltaParameters(
        projection(weights, layer, TensorNames.LINEAR_QKV),
        projection(weights, layer, TensorNames.LINEAR_GATE),
        projection(weights, layer, TensorNames.LINEAR_BETA),
        projection(weights, layer, TensorNames.LINEAR_DECAY),
        parameter(weights, layer, TensorNames.LINEAR_DECAY_BIAS),
        parameter(weights, layer, TensorNames.LINEAR_DECAY_LOG),
        parameter(weights, layer, TensorNames.LINEAR_CONV),
        new NormWeight(parameter(weights, layer, TensorNames.LINEAR_NORM), false),
        projection(weights, layer, TensorNames.LINEAR_OUTPUT));
  }

  private static Projection projection(Weights weights, int layer, String name) {
    return Projection.of(parameter(weights, layer, name));
  }

  private static Parameter parameter(Weights weights, int layer, String name) {
    return weights.parameter(TensorNames.ofLayer(layer, name));
  }
}
