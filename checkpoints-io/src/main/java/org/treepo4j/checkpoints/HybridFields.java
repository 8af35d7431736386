package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Layer;

/**
 * What is peculiar to the configuration of Qwen3.5: which layers are linear, the sizes of these,
 * and the nesting of vision-language models. Defaults are those of its configuration class in
 * {@code transformers}.
 */
final class HybridFields {
  static final String LINEAR = "linear_attention";
  static final String FULL = "full_attention";

  /** {@code model_type} of the vision-language model whose text part is one of these. */
  private static final String NESTED = "qwen3_5";

  private static final String TEXT = "text_config";
  static final String TIED = "tie_word_embeddings";
  private static final int FULL_EVERY = 4;
  private static final int CONV_WIDTH = 4;
  private static final int HEAD_DIM = 128;
  private static final int KEY_HEADS = 16;
  private static final int VALUE_HEADS = 32;

  private final JsonFields config;
  private final int layers;

  HybridFields(JsonFields config, int layers) {
    this.config = config;
    this.layers = layers;
  }

  /** The fields of the text model: those of {@code text_config} where the model is nested. */
  static JsonFields text(JsonFields config) throws CheckpointException {
    if (!config.text("model_type", "").equals(NESTED)) {
      return config;
    }
    JsonFields text = config.object(TEXT);
    String type = text.text("model_type", Architecture.QWEN3_5.modelType());
    if (!type.equals(Architecture.QWEN3_5.modelType())) {
      throw config.refused(
          "%s.model_type %s is not supported, expected %s"
              .formatted(TEXT, quoted(type), Architecture.QWEN3_5.modelType()));
    }
    ObjectNode fields = text.object().deepCopy();
    fields.put("model_type", type);
    if (config.has(TIED)) {
      boolean tied = config.flag(TIED, false);
      if (text.flag(TIED, tied) != tied) {
        throw config.refused("%s is %s, but %s.%s is %s".formatted(TIED, tied, TEXT, TIED, !tied));
      }
      fields.put(TIED, tied);
    }
    for (String field : List.of("quantization_config", "compression_config")) {
      if (config.has(field)) {
        fields.set(field, config.object().get(field));
      }
    }
    return new JsonFields(text.file(), text.prefix(), fields);
  }

  /** A configuration, and that of its text model where it is nested. */
  static List<ObjectNode> levels(ObjectNode config) {
    return config.get(TEXT) instanceof ObjectNode text ? List.of(config, text) : List.of(config);
  }

  /** The convolution has the activation of the feed-forward layer, the gated norm has SiLU. */
  Activation activation() throws CheckpointException {
    String name = config.text("hidden_act", "silu");
    if (!name.equals("silu") && !name.equals("swish")) {
      throw config.refused(
          "hidden_act " + quoted(name) + " is not supported in qwen3_5_text, expected silu");
    }
    if (config.flag("attention_bias", false)) {
      throw config.refused("attention_bias is not supported in qwen3_5_text");
    }
    return Activation.SILU;
  }

  List<Layer> layerTypes() throws CheckpointException {
    List<String> types = config.texts("layer_types");
    int every = config.positiveInt("full_attention_interval", FULL_EVERY);
    if (!types.isEmpty() && types.size() != layers) {
      throw config.refused(
          "layer_types has %d entries for %d layers".formatted(types.size(), layers));
    }
    List<Layer> described = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      String byRule = (layer + 1) % every == 0 ? FULL : LINEAR;
      String type = types.isEmpty() ? byRule : types.get(layer);
      switch (type) {
        case LINEAR -> described.add(Layer.LINEAR);
        case FULL -> described.add(Layer.PLAIN);
        default ->
            throw config.refused(
                "layer_types %s is not supported in qwen3_5_text, expected %s or %s"
                    .formatted(quoted(type), LINEAR, FULL));
      }
    }
    return described;
  }

  /** Null without linear layers. */
  DeltaRule deltaRule() throws CheckpointException {
    if (layerTypes().stream().noneMatch(Layer::linear)) {
      return null;
    }
    int keyHeads = config.positiveInt("linear_num_key_heads", KEY_HEADS);
    int valueHeads = config.positiveInt("linear_num_value_heads", VALUE_HEADS);
    if (valueHeads % keyHeads != 0) {
      throw config.refused(
          "linear_num_value_heads must be a multiple of linear_num_key_heads %d, was %d"
              .formatted(keyHeads, valueHeads));
    }
    int keyDim = config.positiveInt("linear_key_head_dim", HEAD_DIM);
    int valueDim = config.positiveInt("linear_value_head_dim", HEAD_DIM);
    int convWidth = config.positiveInt("linear_conv_kernel_dim", CONV_WIDTH);
    try {
      return new DeltaRule(keyHeads, valueHeads, keyDim, valueDim, convWidth);
    } catch (IllegalArgumentException e) {
      throw config.refused(
          "linear_num_key_heads %d, linear_num_value_heads %d, linear_key_head_dim %d and linear_value_head_dim %d: %s"
              .formatted(keyHeads, valueHeads, keyDim, valueDim, e.getMessage()));
    }
  }
}
