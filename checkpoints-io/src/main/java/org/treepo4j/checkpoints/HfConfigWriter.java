package org.treepo4j.checkpoints;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * A {@link ModelConfig} as {@code config.json} in the spelling before transformers 5 ({@code
 * rope_theta}, {@code torch_dtype}), which versions before and since read.
 */
final class HfConfigWriter {
  static final JsonMapper JSON = JsonMapper.builder().build();

  private HfConfigWriter() {}

  /**
   * @param file named in errors
   * @throws CheckpointException when the family's configuration cannot express the model
   */
  static ObjectNode config(Path file, ModelConfig model, DType dtype) throws CheckpointException {
    ObjectNode json = JSON.createObjectNode();
    json.putArray("architectures").add(model.architecture().className());
    json.put("model_type", model.architecture().modelType());
    json.put("attention_dropout", 0.0);
    putTokens(json, model);
    json.put("head_dim", model.headDim());
    putActivation(json, model);
    json.put("hidden_size", model.hiddenSize());
    json.put("initializer_range", 0.02);
    json.put("intermediate_size", model.ffnSize());
    json.put(
        "max_position_embeddings",
        model.ropeScaling() instanceof RopeScaling.LongRope rope
            ? rope.maxPositions()
            : model.maxPositions());
    json.put("num_attention_heads", model.heads());
    json.put("num_hidden_layers", model.layers());
    json.put("num_key_value_heads", model.kvHeads());
    json.put("rms_norm_eps", model.normEps());
    json.put("tie_word_embeddings", model.tiedEmbeddings());
    json.put("torch_dtype", torchName(dtype));
    json.put("use_cache", true);
    json.put("vocab_size", model.vocabSize());
    HfDesignWriter.put(json, model);
    if (!HfConfigReader.modelConfig(new JsonFields(file, "", json)).equals(model)) {
      throw new CheckpointException(
          file,
          "a %s configuration cannot express %s"
              .formatted(model.architecture().modelType(), model));
    }
    return json;
  }

  static ObjectNode generationConfig(ModelConfig model) {
    ObjectNode json = JSON.createObjectNode();
    json.put("_from_model_config", true);
    putTokens(json, model);
    return json;
  }

  static byte[] bytes(ObjectNode json) {
    try {
      String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json);
      return (text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree always prints", e);
    }
  }

  private static void putTokens(ObjectNode json, ModelConfig model) {
    if (model.bosTokenId() >= 0) {
      json.put("bos_token_id", model.bosTokenId());
    } else {
      json.putNull("bos_token_id");
    }
    List<Integer> eos = model.eosTokenIds();
    if (eos.isEmpty()) {
      json.putNull("eos_token_id");
    } else if (eos.size() == 1) {
      json.put("eos_token_id", eos.get(0));
    } else {
      eos.forEach(json.putArray("eos_token_id")::add);
    }
  }

  private static void putActivation(ObjectNode json, ModelConfig model) {
    boolean silu = model.design().activation() == Design.Activation.SILU;
    boolean gemma =
        model.architecture() == Architecture.GEMMA2 || model.architecture() == Architecture.GEMMA3;
    json.put(gemma ? "hidden_activation" : "hidden_act", silu ? "silu" : "gelu_pytorch_tanh");
  }

  static String torchName(DType dtype) {
    return switch (dtype) {
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      default -> "float32";
    };
  }
}
