package org.treepo4j.checkpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;

/**
 * The size of a model to be trained from scratch; everything else is as the family's configuration
 * has it by default, with full attention where the family leaves the choice.
 *
 * @param hiddenSize width of the residual stream; a multiple of {@code heads}
 * @param ropeTheta base of the rotary frequencies
 */
public record NewModel(
    Architecture family,
    int hiddenSize,
    int layers,
    int heads,
    int kvHeads,
    int ffnSize,
    int maxPositions,
    double ropeTheta,
    boolean tiedEmbeddings) {
  private static final double NORM_EPSILON = 1e-6;
  private static final int NEW_EXPERTS = 8;
  private static final int NEW_EXPERTS_PER_TOKEN = 2;

  public NewModel {
    positive("hiddenSize", hiddenSize);
    positive("layers", layers);
    positive("heads", heads);
    positive("kvHeads", kvHeads);
    positive("ffnSize", ffnSize);
    positive("maxPositions", maxPositions);
    if (hiddenSize % heads != 0 || hiddenSize / heads % 2 != 0) {
      throw new IllegalArgumentException(
          "hiddenSize must be an even multiple of heads %d, was %d".formatted(heads, hiddenSize));
    }
    if (heads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "kvHeads must divide heads %d, was %d".formatted(heads, kvHeads));
    }
    if (!(ropeTheta > 0)) {
      throw new IllegalArgumentException("ropeTheta must be positive, was " + ropeTheta);
    }
  }

  private static void positive(String name, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive, was " + value);
    }
  }

  /**
   * The configuration.
   *
   * @param vocabSize rows of the embedding
   * @param bosTokenId beginning-of-sequence token, or −1
   * @param eosTokenIds end-of-sequence tokens
   * @throws IllegalArgumentException when the sizes make no model
   */
  public ModelConfig config(int vocabSize, int bosTokenId, List<Integer> eosTokenIds) {
    ObjectNode json = HfConfigWriter.JSON.createObjectNode();
    json.put("model_type", family.modelType());
    json.put("vocab_size", vocabSize);
    json.put("hidden_size", hiddenSize);
    json.put("num_hidden_layers", layers);
    json.put("num_attention_heads", heads);
    json.put("num_key_value_heads", kvHeads);
    int headDim = heads > 0 ? hiddenSize / heads : 0;
    json.put("head_dim", headDim);
    json.put("intermediate_size", ffnSize);
    json.put("max_position_embeddings", maxPositions);
    json.put("rms_norm_eps", NORM_EPSILON);
    json.put("tie_word_embeddings", tiedEmbeddings);
    json.put("rope_theta", ropeTheta);
    switch (family) {
      case MISTRAL -> json.putNull("sliding_window");
      case MINISTRAL3 -> json.putObject("rope_parameters").put("rope_theta", ropeTheta);
      case GEMMA2, GEMMA3 -> json.put("query_pre_attn_scalar", headDim);
      case GRANITE -> json.put("attention_multiplier", 1 / Math.sqrt(headDim));
      case QWEN3_5 -> {
        json.put("linear_num_key_heads", heads);
        json.put("linear_num_value_heads", heads);
        json.put("linear_key_head_dim", headDim);
        json.put("linear_value_head_dim", headDim);
      }
      case QWEN3_MOE, OLMOE -> {
        json.put("num_experts", NEW_EXPERTS);
        json.put("num_experts_per_tok", NEW_EXPERTS_PER_TOKEN);
        json.put("norm_topk_prob", true);
        json.put("moe_intermediate_size", ffnSize);
      }
      default -> {
        // Nothing to choose.
      }
    }
    if (bosTokenId >= 0) {
      json.put("bos_token_id", bosTokenId);
    } else {
      json.putNull("bos_token_id");
    }
    eosTokenIds.forEach(json.putArray("eos_token_id")::add);
    try {
      return HfConfigReader.modelConfig(new JsonFields(Path.of("architecture"), "", json));
    } catch (CheckpointException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }
}
