package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * {@code config.json} and {@code generation_config.json} of a Hugging Face folder as a {@link
 * ModelConfig}.
 *
 * <p>Absent fields take the default of the family's configuration class in {@code transformers};
 * features that would change the mathematics and that no engine here has are refused by name.
 */
final class HfConfigReader {
  static final String CONFIG = "config.json";
  static final String GENERATION_CONFIG = "generation_config.json";

  private static final int MAX_BYTES = 4 << 20;

  private static final int QWEN3_HEAD_DIM = 128;
  private static final int MISTRAL_SLIDING_WINDOW = 4096;
  private static final int QWEN_SLIDING_WINDOW = 4096;
  private static final int QWEN_MAX_WINDOW_LAYERS = 28;
  private static final int LLAMA_BOS = 1;
  private static final int LLAMA_EOS = 2;
  private static final double NORM_EPS = 1e-6;

  private static final List<String> EXPERT_COUNTS =
      List.of("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts");

  private final JsonFields config;

  private HfConfigReader(JsonFields config) {
    this.config = config;
  }

  static ModelConfig read(Path folder) throws CheckpointException {
    Path file = folder.resolve(CONFIG);
    JsonFields config = new JsonFields(file, "", HostileJson.readObject(file, MAX_BYTES));
    Path generationFile = folder.resolve(GENERATION_CONFIG);
    JsonFields generation = null;
    if (Files.exists(generationFile)) {
      generation =
          new JsonFields(generationFile, "", HostileJson.readObject(generationFile, MAX_BYTES));
    }
    return new HfConfigReader(config).modelConfig(Optional.ofNullable(generation));
  }

  /** The model a {@code config.json} alone describes. */
  static ModelConfig modelConfig(JsonFields config) throws CheckpointException {
    return new HfConfigReader(config).modelConfig(Optional.empty());
  }

  private ModelConfig modelConfig(Optional<JsonFields> generation) throws CheckpointException {
    Architecture architecture = architecture();
    refuseExperts();
    refuseQuantisation();
    refuseOtherLayers();
    int hidden = config.positiveInt("hidden_size");
    int layers = config.positiveInt("num_hidden_layers");
    int heads = config.positiveInt("num_attention_heads");
    int maxPositions = config.positiveInt("max_position_embeddings");
    refuseSlidingWindow(architecture, layers, maxPositions);
    boolean bias = config.flag("attention_bias", false);
    boolean biasIsRead = architecture == Architecture.LLAMA || architecture == Architecture.QWEN3;
    RopeReader rope = RopeReader.read(config);
    try {
      return new ModelConfig(
          architecture,
          config.positiveInt("vocab_size"),
          hidden,
          layers,
          heads,
          kvHeads(architecture, heads),
          headDim(architecture, hidden, heads),
          config.positiveInt("intermediate_size"),
          maxPositions,
          config.number("rms_norm_eps", NORM_EPS),
          rope.theta(),
          rope.scaling(),
          architecture == Architecture.QWEN2 || (biasIsRead && bias),
          biasIsRead && bias,
          architecture == Architecture.QWEN3,
          config.flag("tie_word_embeddings", false),
          bosTokenId(architecture, generation),
          eosTokenIds(architecture, generation));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(config.file(), e.getMessage(), e);
    }
  }

  private Architecture architecture() throws CheckpointException {
    String modelType = config.text("model_type");
    for (Architecture known : Architecture.values()) {
      if (known.modelType().equals(modelType)) {
        return known;
      }
    }
    String kind = modelType.contains("moe") || modelType.equals("mixtral") ? " (experts)" : "";
    throw config.refused(
        "model_type "
            + quoted(modelType)
            + kind
            + " is not supported, expected llama, mistral, qwen2 or qwen3");
  }

  private int kvHeads(Architecture architecture, int heads) throws CheckpointException {
    // Configurations of the first Llama precede the field; the other families always had it.
    boolean absent = !config.object().has("num_key_value_heads");
    if (absent && architecture != Architecture.LLAMA) {
      throw config.refused("num_key_value_heads is missing");
    }
    return config.positiveInt("num_key_value_heads", heads);
  }

  private int headDim(Architecture architecture, int hidden, int heads) throws CheckpointException {
    if (config.has("head_dim")) {
      return config.positiveInt("head_dim");
    }
    if (architecture == Architecture.QWEN3) {
      return QWEN3_HEAD_DIM;
    }
    if (hidden % heads != 0) {
      throw config.refused(
          "hidden_size " + hidden + " is no multiple of num_attention_heads " + heads);
    }
    return hidden / heads;
  }

  private int bosTokenId(Architecture architecture, Optional<JsonFields> generation)
      throws CheckpointException {
    return tokenIds("bos_token_id", architecture, LLAMA_BOS, generation).findFirst().orElse(-1);
  }

  private List<Integer> eosTokenIds(Architecture architecture, Optional<JsonFields> generation)
      throws CheckpointException {
    return tokenIds("eos_token_id", architecture, LLAMA_EOS, generation).distinct().toList();
  }

  /** The model's own ids first, then those of generation; where both are silent, the default. */
  private Stream<Integer> tokenIds(
      String field, Architecture architecture, int llamaDefault, Optional<JsonFields> generation)
      throws CheckpointException {
    boolean silent = !config.object().has(field);
    List<Integer> ids = new ArrayList<>(config.tokenIds(field));
    if (generation.isPresent()) {
      silent &= !generation.get().object().has(field);
      ids.addAll(generation.get().tokenIds(field));
    }
    boolean hasDefault = architecture == Architecture.LLAMA || architecture == Architecture.MISTRAL;
    return silent && hasDefault ? Stream.of(llamaDefault) : ids.stream();
  }

  private void refuseExperts() throws CheckpointException {
    for (String count : EXPERT_COUNTS) {
      if (config.has(count) && config.object().get(count).asInt(1) > 0) {
        throw config.refused("mixture of experts (" + count + ") is not supported");
      }
    }
  }

  private void refuseQuantisation() throws CheckpointException {
    for (String field : List.of("quantization_config", "compression_config")) {
      if (config.has(field)) {
        String method = config.object().get(field).path("quant_method").asText("unnamed");
        throw config.refused(
            "quantised weights (" + field + ", method " + quoted(method) + ") are not supported");
      }
    }
  }

  private void refuseOtherLayers() throws CheckpointException {
    String activation = config.text("hidden_act", "silu");
    if (!activation.equals("silu") && !activation.equals("swish")) {
      throw config.refused("hidden_act " + quoted(activation) + " is not supported, only silu");
    }
    if (config.flag("mlp_bias", false)) {
      throw config.refused("mlp_bias is not supported");
    }
    if (config.flag("is_encoder_decoder", false)) {
      throw config.refused("is_encoder_decoder is not supported");
    }
    Set<String> layerTypes = new TreeSet<>(config.texts("layer_types"));
    layerTypes.remove("full_attention");
    if (!layerTypes.isEmpty()) {
      throw config.refused(
          "layer_types " + quoted(layerTypes.iterator().next()) + " is not supported");
    }
  }

  /** A window that no position ever leaves is no window. */
  private void refuseSlidingWindow(Architecture architecture, int layers, int maxPositions)
      throws CheckpointException {
    boolean inUse =
        switch (architecture) {
          case LLAMA -> false;
          case MISTRAL ->
              !config.object().path("sliding_window").isNull()
                  && config.positiveInt("sliding_window", MISTRAL_SLIDING_WINDOW) < maxPositions;
          case QWEN2, QWEN3 ->
              config.flag("use_sliding_window", false)
                  && !config.object().path("sliding_window").isNull()
                  && config.positiveInt("sliding_window", QWEN_SLIDING_WINDOW) < maxPositions
                  && !config.has("layer_types")
                  && maxWindowLayers() < layers;
        };
    if (inUse) {
      throw config.refused(
          "sliding window attention (sliding_window %s, max_position_embeddings %d) is not supported"
              .formatted(config.object().path("sliding_window").asText("absent"), maxPositions));
    }
  }

  private int maxWindowLayers() throws CheckpointException {
    boolean zero = config.has("max_window_layers") && config.number("max_window_layers") == 0;
    return zero ? 0 : config.positiveInt("max_window_layers", QWEN_MAX_WINDOW_LAYERS);
  }
}
