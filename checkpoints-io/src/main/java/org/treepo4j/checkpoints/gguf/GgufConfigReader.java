package org.treepo4j.checkpoints.gguf;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;

/**
 * The metadata of a GGUF file as a {@link ModelConfig}. Numbers stand under keys that begin with
 * the architecture's name; what they do not say, such as the size of the vocabulary, biases and
 * whether the head is tied, follows from the tensors.
 */
final class GgufConfigReader {
  private static final double DEFAULT_ROPE_THETA = 10_000;

  private final GgufMetadata metadata;
  private final Map<String, GgufTensor> tensors;
  private final Floats floats;
  private final String prefix;
  private final Architecture architecture;

  /** Gives the elements of a tensor by its name. */
  @FunctionalInterface
  interface Floats {
    float[] of(String name) throws CheckpointException;
  }

  private GgufConfigReader(GgufMetadata metadata, Map<String, GgufTensor> tensors, Floats floats)
      throws CheckpointException {
    this.metadata = metadata;
    this.tensors = tensors;
    this.floats = floats;
    this.prefix = metadata.text("general.architecture");
    this.architecture = architecture(prefix);
  }

  static ModelConfig read(GgufFile file) throws CheckpointException {
    return read(file.metadata(), file.tensors(), file::readFloats);
  }

  /** As {@link #read(GgufFile)}, of a file that may not be written yet. */
  static ModelConfig read(GgufMetadata metadata, Map<String, GgufTensor> tensors, Floats floats)
      throws CheckpointException {
    return new GgufConfigReader(metadata, tensors, floats).modelConfig();
  }

  private Architecture architecture(String name) throws CheckpointException {
    return switch (name) {
      case "llama" -> Architecture.LLAMA;
      case "qwen2" -> Architecture.QWEN2;
      case "qwen3" -> Architecture.QWEN3;
      case "gemma2" -> Architecture.GEMMA2;
      case "gemma3" -> Architecture.GEMMA3;
      default ->
          throw metadata.refused(
              "architecture "
                  + quoted(name)
                  + " is not supported, expected llama, qwen2, qwen3, gemma2 or gemma3");
    };
  }

  private ModelConfig modelConfig() throws CheckpointException {
    refuseOtherMathematics();
    int layers = layers();
    int hidden = metadata.positiveInt(key("embedding_length"));
    int heads = metadata.positiveInt(key("attention.head_count"));
    int kvHeads = metadata.positiveInt(key("attention.head_count_kv"), heads);
    if (heads % kvHeads != 0) {
      throw metadata.refused(
          "%s %d is not a multiple of %s %d"
              .formatted(
                  key("attention.head_count"), heads, key("attention.head_count_kv"), kvHeads));
    }
    int vocabSize = vocabSize(hidden);
    int headDim = headDim(hidden, heads);
    double theta = metadata.number(key("rope.freq_base"), DEFAULT_ROPE_THETA);
    boolean outputBias = tensors.containsKey("blk.0.attn_output.bias");
    int maxPositions = metadata.positiveInt(key("context_length"));
    try {
      return new ModelConfig(
          architecture,
          vocabSize,
          hidden,
          layers,
          heads,
          kvHeads,
          headDim,
          metadata.positiveInt(key("feed_forward_length")),
          maxPositions,
          decimal(metadata.number(key("attention.layer_norm_rms_epsilon"))),
          theta,
          ropeScaling(headDim, theta),
          architecture == Architecture.QWEN2 || tensors.containsKey("blk.0.attn_q.bias"),
          outputBias,
          architecture == Architecture.QWEN3 || architecture == Architecture.GEMMA3,
          !tensors.containsKey(GgufNames.HEAD),
          tokenIds("bos", vocabSize).stream().findFirst().orElse(-1),
          tokenIds("eos", vocabSize),
          new GgufDesignReader(metadata, prefix, architecture)
              .read(hidden, heads, headDim, layers, maxPositions));
    } catch (IllegalArgumentException e) {
      throw metadata.refused(ModelConfig.inWordsOf(keys(), e.getMessage()));
    }
  }

  private Map<String, String> keys() {
    return Map.of(
        "vocabSize", "rows of " + GgufNames.EMBEDDING,
        "hiddenSize", key("embedding_length"),
        "layers", key("block_count"),
        "heads", key("attention.head_count"),
        "kvHeads", key("attention.head_count_kv"),
        "headDim", key("attention.key_length"),
        "ffnSize", key("feed_forward_length"),
        "maxPositions", key("context_length"),
        "normEps", key("attention.layer_norm_rms_epsilon"),
        "ropeTheta", key("rope.freq_base"));
  }

  private String key(String name) {
    return prefix + "." + name;
  }

  /** The blocks, every one of which has tensors: before anybody lists a hostile number of them. */
  private int layers() throws CheckpointException {
    int layers = metadata.positiveInt(key("block_count"));
    TreeSet<String> names = new TreeSet<>(tensors.keySet());
    for (int layer = 0; layer < layers; layer++) {
      String prefix = "blk." + layer + ".";
      String first = names.ceiling(prefix);
      if (first == null || !first.startsWith(prefix)) {
        throw metadata.refused(
            "%s is %d, but there are no tensors of block %d"
                .formatted(key("block_count"), layers, layer));
      }
    }
    return layers;
  }

  private int headDim(int hidden, int heads) throws CheckpointException {
    String keyLength = key("attention.key_length");
    if (!metadata.has(keyLength) && hidden % heads != 0) {
      throw metadata.refused(
          "%s %d is not a multiple of %s %d"
              .formatted(key("embedding_length"), hidden, key("attention.head_count"), heads));
    }
    int headDim = metadata.positiveInt(keyLength, Math.max(1, hidden / heads));
    for (String other : List.of(key("attention.value_length"), key("rope.dimension_count"))) {
      if (metadata.positiveInt(other, headDim) != headDim) {
        throw metadata.refused(
            "%s %d other than the size of a head, %d, is not supported"
                .formatted(other, metadata.positiveInt(other), headDim));
      }
    }
    return headDim;
  }

  private int vocabSize(int hidden) throws CheckpointException {
    GgufTensor embedding = tensors.get(GgufNames.EMBEDDING);
    if (embedding == null) {
      throw metadata.refused("has no tensor " + GgufNames.EMBEDDING);
    }
    if (embedding.shape().size() != 2 || embedding.shape().get(0) > Integer.MAX_VALUE) {
      throw metadata.refused(
          "tensor %s has shape %s, expected tokens × %s"
              .formatted(GgufNames.EMBEDDING, embedding.shape(), key("embedding_length")));
    }
    long columns = embedding.shape().get(1);
    if (columns != hidden) {
      throw metadata.refused(
          "%s is %d, but %s has rows of %d"
              .formatted(key("embedding_length"), hidden, GgufNames.EMBEDDING, columns));
    }
    int rows = embedding.shape().get(0).intValue();
    int tokens = metadata.texts(GgufVocabulary.TOKENS).map(List::size).orElse(rows);
    if (tokens != rows) {
      throw metadata.refused(
          "the vocabulary has %d tokens, but %s %d rows"
              .formatted(tokens, GgufNames.EMBEDDING, rows));
    }
    return rows;
  }

  /** Refuses what would silently give other numbers. */
  private void refuseOtherMathematics() throws CheckpointException {
    if (metadata.number(key("expert_count"), 0) > 0) {
      throw metadata.refused("mixture of experts (" + key("expert_count") + ") is not supported");
    }
    if (!metadata.flag(key("attention.causal"), true)) {
      throw metadata.refused(key("attention.causal") + " false is not supported");
    }
    String attentionFactor = key("rope.scaling.attn_factor");
    if (metadata.number(attentionFactor, 1) != 1) {
      throw metadata.refused(attentionFactor + " other than 1 is not supported");
    }
    if (GgufDesignReader.isGemma(architecture)) {
      return;
    }
    double window = metadata.number(key("attention.sliding_window"), 0);
    if (window > 0 && window < metadata.number(key("context_length"), 0)) {
      throw metadata.refused(
          "sliding window attention (%s %.0f) is not supported"
              .formatted(key("attention.sliding_window"), window));
    }
    for (String scale :
        List.of("attention.scale", "logit_scale", "residual_scale", "embedding_scale")) {
      if (metadata.has(key(scale))) {
        throw metadata.refused(key(scale) + " is not supported");
      }
    }
    for (String capped : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
      if (metadata.number(key(capped), 0) != 0) {
        throw metadata.refused(key(capped) + " is not supported");
      }
    }
  }

  private RopeScaling ropeScaling(int headDim, double theta) throws CheckpointException {
    // As llama.cpp has it: a factor whose type is not named is linear, a factor of 0 is none.
    String type = metadata.text(key("rope.scaling.type"), "linear");
    double factor =
        decimal(
            metadata.number(
                key("rope.scaling.factor"), metadata.number(key("rope.scale_linear"), 0)));
    if (!type.equals("none") && !type.equals("linear")) {
      throw metadata.refused(
          "%s %s is not supported, expected none or linear"
              .formatted(key("rope.scaling.type"), quoted(type)));
    }
    GgufTensor factors = tensors.get(GgufNames.ROPE_FACTORS);
    boolean linear = type.equals("linear") && factor != 0 && factor != 1;
    if (factors == null) {
      return linear ? linear(factor) : RopeScaling.NONE;
    }
    if (linear) {
      throw metadata.refused(
          key("rope.scaling.type") + " linear beside " + factors.name() + " is not supported");
    }
    if (!factors.shape().equals(List.of((long) headDim / 2))) {
      throw metadata.refused(
          "tensor %s has shape %s, expected [%d], half the size of a head"
              .formatted(factors.name(), factors.shape(), headDim / 2));
    }
    return RopeFactors.scaling(floats.of(factors.name()), theta, metadata);
  }

  private RopeScaling linear(double factor) throws CheckpointException {
    if (!(factor > 1)) {
      throw metadata.refused(
          "%s must be at least 1, was %s".formatted(key("rope.scaling.factor"), factor));
    }
    return new RopeScaling.Linear(factor);
  }

  /** A float32 that was meant as a short decimal, such as 1e-5, as that decimal. */
  private static double decimal(double float32) {
    return float32 == (float) float32
        ? Double.parseDouble(Float.toString((float) float32))
        : float32;
  }

  private List<Integer> tokenIds(String role, int vocabSize) throws CheckpointException {
    List<Integer> ids = new ArrayList<>();
    List<String> roles = role.equals("eos") ? List.of("eos", "eot", "eom") : List.of(role);
    for (String each : roles) {
      GgufVocabulary.specialId(metadata, each, vocabSize).ifPresent(ids::add);
    }
    return ids.stream().distinct().toList();
  }
}
