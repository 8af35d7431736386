package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
  private static final int WIDE_HEAD_DIM = 256;
  private static final int MINISTRAL3_HEAD_DIM = 128;
  private static final double NORM_EPS = 1e-6;
  private static final double LARGER_NORM_EPS = 1e-5;

  private static final List<String> EXPERT_COUNTS =
      List.of("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts");

  private static final Map<String, String> FIELDS =
      Map.of(
          "vocabSize", "vocab_size",
          "hiddenSize", "hidden_size",
          "layers", "num_hidden_layers",
          "heads", "num_attention_heads",
          "kvHeads", "num_key_value_heads",
          "headDim", "head_dim",
          "ffnSize", "intermediate_size",
          "maxPositions", "max_position_embeddings",
          "normEps", "rms_norm_eps");

  private final JsonFields config;
  private final List<String> notes;

  private HfConfigReader(JsonFields config, List<String> notes) {
    this.config = config;
    this.notes = notes;
  }

  /** What users should know of how {@link #read} takes the files, each on a line. */
  static List<String> notes(Path folder) throws CheckpointException {
    List<String> notes = new ArrayList<>();
    read(folder, notes);
    return List.copyOf(notes);
  }

  /** The model of a folder; what users should know of how it is read goes to the notes. */
  static ModelConfig read(Path folder, List<String> notes) throws CheckpointException {
    Path file = folder.resolve(CONFIG);
    JsonFields config =
        HybridFields.text(new JsonFields(file, "", HostileJson.readObject(file, MAX_BYTES)));
    Path generationFile = folder.resolve(GENERATION_CONFIG);
    JsonFields generation = null;
    if (Files.exists(generationFile)) {
      generation =
          new JsonFields(generationFile, "", HostileJson.readObject(generationFile, MAX_BYTES));
    }
    return new HfConfigReader(config, notes).modelConfig(Optional.ofNullable(generation));
  }

  /** The model a {@code config.json} alone describes. */
  static ModelConfig modelConfig(JsonFields config) throws CheckpointException {
    return new HfConfigReader(config, new ArrayList<>()).modelConfig(Optional.empty());
  }

  private ModelConfig modelConfig(Optional<JsonFields> generation) throws CheckpointException {
    Architecture architecture = architecture();
    if (!architecture.hasExperts()) {
      refuseExperts();
    }
    refuseQuantisation();
    refuseOtherLayers();
    int hidden = config.positiveInt("hidden_size");
    int layers = config.positiveInt("num_hidden_layers");
    if (layers > ModelConfig.MAX_LAYERS) {
      throw config.unexpected("num_hidden_layers", "at most " + ModelConfig.MAX_LAYERS);
    }
    int heads = config.positiveInt("num_attention_heads");
    int maxPositions = config.positiveInt("max_position_embeddings");
    int headDim = headDim(architecture, hidden, heads);
    int vocabSize = config.positiveInt("vocab_size");
    boolean bias = config.flag("attention_bias", false) && readsBias(architecture);
    try {
      RopeReader rope = RopeReader.read(config, architecture, headDim, maxPositions);
      return new ModelConfig(
          architecture,
          vocabSize,
          hidden,
          layers,
          heads,
          kvHeads(architecture, heads),
          headDim,
          config.positiveInt("intermediate_size"),
          rope.global().scaling() instanceof RopeScaling.LongRope longRope
              ? longRope.readablePositions()
              : maxPositions,
          config.number("rms_norm_eps", normEps(architecture)),
          rope.global().theta(),
          rope.global().scaling(),
          architecture == Architecture.QWEN2 || bias,
          bias,
          normalisesQueries(architecture),
          config.flag("tie_word_embeddings", tiesByDefault(architecture)),
          bosTokenId(architecture, generation, vocabSize),
          eosTokenIds(architecture, generation, vocabSize),
          new HfDesignReader(config, architecture, layers, maxPositions).read(hidden, rope));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(
          config.file(), ModelConfig.inWordsOf(FIELDS, e.getMessage()), e);
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
    List<String> names = Stream.of(Architecture.values()).map(Architecture::modelType).toList();
    throw config.refused(
        "model_type "
            + quoted(modelType)
            + kind
            + " is not supported, expected "
            + String.join(", ", names));
  }

  private static boolean readsBias(Architecture architecture) {
    return switch (architecture) {
      case LLAMA, QWEN3, GEMMA2, GEMMA3, OLMO2, OLMO3, SMOLLM3, GRANITE, QWEN3_MOE, OLMOE -> true;
      case MISTRAL, MINISTRAL3, QWEN2, PHI3, QWEN3_5 -> false;
    };
  }

  private static boolean normalisesQueries(Architecture architecture) {
    return switch (architecture) {
      case QWEN3, GEMMA3, OLMO2, OLMO3, QWEN3_5, QWEN3_MOE, OLMOE -> true;
      default -> false;
    };
  }

  private static boolean tiesByDefault(Architecture architecture) {
    return switch (architecture) {
      case GEMMA2, GEMMA3, SMOLLM3 -> true;
      default -> false;
    };
  }

  private static double normEps(Architecture architecture) {
    return switch (architecture) {
      case PHI3, OLMO2, OLMO3, MINISTRAL3, OLMOE -> LARGER_NORM_EPS;
      default -> NORM_EPS;
    };
  }

  private int kvHeads(Architecture architecture, int heads) throws CheckpointException {
    // Configurations of the first Llama precede the field, some families leave it out for as many
    // as query heads; the others have another default, and always had it.
    boolean absent = !config.object().has("num_key_value_heads");
    boolean asMany =
        switch (architecture) {
          case LLAMA, PHI3, OLMO2, OLMO3, GRANITE, OLMOE -> true;
          default -> false;
        };
    if (absent && !asMany) {
      throw config.refused("num_key_value_heads is missing");
    }
    return config.positiveInt("num_key_value_heads", heads);
  }

  private int headDim(Architecture architecture, int hidden, int heads) throws CheckpointException {
    if (config.has("head_dim")) {
      return config.positiveInt("head_dim");
    }
    boolean absent = !config.object().has("head_dim");
    switch (architecture) {
      case QWEN3 -> {
        return QWEN3_HEAD_DIM;
      }
      case GEMMA2, GEMMA3, QWEN3_5 -> {
        return WIDE_HEAD_DIM;
      }
      case MINISTRAL3 -> {
        if (absent) {
          return MINISTRAL3_HEAD_DIM;
        }
      }
      default -> {
        // Follows from the other sizes.
      }
    }
    if (hidden % heads != 0) {
      throw config.refused(
          "hidden_size " + hidden + " is no multiple of num_attention_heads " + heads);
    }
    return hidden / heads;
  }

  private int bosTokenId(Architecture architecture, Optional<JsonFields> generation, int vocabSize)
      throws CheckpointException {
    int byDefault =
        switch (architecture) {
          case LLAMA, MISTRAL, MINISTRAL3, GRANITE, PHI3 -> 1;
          case GEMMA2, GEMMA3 -> 2;
          case SMOLLM3 -> 128_000;
          case QWEN2, QWEN3, OLMO2, OLMO3, QWEN3_5, QWEN3_MOE, OLMOE -> -1;
        };
    return tokenIds("bos_token_id", byDefault, generation, vocabSize).findFirst().orElse(-1);
  }

  private List<Integer> eosTokenIds(
      Architecture architecture, Optional<JsonFields> generation, int vocabSize)
      throws CheckpointException {
    int byDefault =
        switch (architecture) {
          case LLAMA, MISTRAL, MINISTRAL3, GRANITE -> 2;
          case GEMMA2, GEMMA3 -> 1;
          case PHI3 -> 32_000;
          case SMOLLM3 -> 128_001;
          case OLMO2, OLMO3, OLMOE -> 50_279;
          case QWEN2, QWEN3, QWEN3_5, QWEN3_MOE -> -1;
        };
    return tokenIds("eos_token_id", byDefault, generation, vocabSize).distinct().toList();
  }

  /**
   * The model's own ids first, then those of generation; where both are silent, the default. Rows
   * of the embedding are all the tokens a model has: an id beyond them never comes. Real folders
   * have such ids, among others that do come, so they are told and passed over.
   */
  private Stream<Integer> tokenIds(
      String field, int byDefault, Optional<JsonFields> generation, int vocabSize)
      throws CheckpointException {
    boolean silent = !config.object().has(field);
    List<Integer> ids = new ArrayList<>(known(config, field, vocabSize));
    if (generation.isPresent()) {
      silent &= !generation.get().object().has(field);
      ids.addAll(known(generation.get(), field, vocabSize));
    }
    boolean usual = silent && byDefault >= 0 && byDefault < vocabSize;
    return usual ? Stream.of(byDefault) : ids.stream();
  }

  private List<Integer> known(JsonFields fields, String field, int vocabSize)
      throws CheckpointException {
    List<Integer> ids = new ArrayList<>();
    for (int id : fields.tokenIds(field)) {
      if (id < vocabSize) {
        ids.add(id);
      } else {
        notes.add(
            "%s: %s%s %d is beyond the model's vocabulary of %d (vocab_size) and is passed over"
                .formatted(fields.file(), fields.prefix(), field, id, vocabSize));
      }
    }
    return ids;
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
    if (config.flag("mlp_bias", false)) {
      throw config.refused("mlp_bias is not supported");
    }
    if (config.flag("is_encoder_decoder", false)) {
      throw config.refused("is_encoder_decoder is not supported");
    }
  }
}
