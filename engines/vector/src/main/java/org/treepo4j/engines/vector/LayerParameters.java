package org.treepo4j.engines.vector;

import static org.treepo4j.model.TensorNames.GATE;
import static org.treepo4j.model.TensorNames.INPUT_NORM;
import static org.treepo4j.model.TensorNames.KEY;
import static org.treepo4j.model.TensorNames.KEY_BIAS;
import static org.treepo4j.model.TensorNames.KEY_NORM;
import static org.treepo4j.model.TensorNames.OUTPUT;
import static org.treepo4j.model.TensorNames.OUTPUT_BIAS;
import static org.treepo4j.model.TensorNames.POST_ATTENTION_NORM;
import static org.treepo4j.model.TensorNames.QUERY;
import static org.treepo4j.model.TensorNames.QUERY_BIAS;
import static org.treepo4j.model.TensorNames.QUERY_NORM;
import static org.treepo4j.model.TensorNames.UP;
import static org.treepo4j.model.TensorNames.VALUE;
import static org.treepo4j.model.TensorNames.VALUE_BIAS;

import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/**
 * The weights of one transformer block; biases and head norms are null where the model has none.
 */
record LayerParameters(
    Parameter inputNorm,
    Parameter query,
    Parameter key,
    Parameter value,
    Parameter queryBias,
    Parameter keyBias,
    Parameter valueBias,
    Parameter queryNorm,
    Parameter keyNorm,
    Parameter output,
    Parameter outputBias,
    Parameter postAttentionNorm,
    Parameter gate,
    Parameter up,
    Parameter down) {

  static LayerParameters of(Weights weights, int layer) {
    ModelConfig config = weights.config();
    return new LayerParameters(
        find(weights, layer, INPUT_NORM, true),
        find(weights, layer, QUERY, true),
        find(weights, layer, KEY, true),
        find(weights, layer, VALUE, true),
        find(weights, layer, QUERY_BIAS, config.qkvBias()),
        find(weights, layer, KEY_BIAS, config.qkvBias()),
        find(weights, layer, VALUE_BIAS, config.qkvBias()),
        find(weights, layer, QUERY_NORM, config.qkNorm()),
        find(weights, layer, KEY_NORM, config.qkNorm()),
        find(weights, layer, OUTPUT, true),
        find(weights, layer, OUTPUT_BIAS, config.outputBias()),
        find(weights, layer, POST_ATTENTION_NORM, true),
        find(weights, layer, GATE, true),
        find(weights, layer, UP, true),
        find(weights, layer, TensorNames.DOWN, true));
  }

  private static Parameter find(Weights weights, int layer, String name, boolean present) {
    return present ? weights.parameter(TensorNames.ofLayer(layer, name)) : null;
  }
}
