package org.treepo4j.checkpoints.gguf;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;

/**
 * A {@link ModelConfig} as the metadata of a GGUF file. What no key can say is left out: whoever
 * writes a file compares what {@link GgufConfigReader} makes of it.
 */
final class GgufConfigWriter {
  private final ModelConfig config;
  private final String prefix;
  private final Map<String, GgufValue> metadata = new LinkedHashMap<>();

  private GgufConfigWriter(ModelConfig config) {
    this.config = config;
    this.prefix = family(config.architecture());
  }

  /** The architecture's name in files; null where the reader knows none. */
  static String family(Architecture architecture) {
    return switch (architecture) {
      case LLAMA, MISTRAL -> "llama";
      case QWEN2 -> "qwen2";
      case QWEN3 -> "qwen3";
      case GEMMA2 -> "gemma2";
      case GEMMA3 -> "gemma3";
      default -> null;
    };
  }

  /**
   * @param name of the model, for people
   * @param type of the matrices
   */
  static Map<String, GgufValue> metadata(ModelConfig config, String name, GgmlType type) {
    GgufConfigWriter writer = new GgufConfigWriter(config);
    writer.general(name, type);
    writer.shape();
    writer.rotary();
    writer.gemma();
    return writer.metadata;
  }

  private void general(String name, GgmlType type) {
    metadata.put("general.architecture", GgufValue.text(prefix));
    metadata.put("general.type", GgufValue.text("model"));
    metadata.put("general.name", GgufValue.text(name));
    metadata.put("general.file_type", GgufValue.u32(fileType(type)));
    if (type == GgmlType.Q8_0) {
      metadata.put("general.quantization_version", GgufValue.u32(2));
    }
  }

  /** llama.cpp's number for a file most of whose tensors are of a type. */
  private static int fileType(GgmlType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 1;
      case Q8_0 -> 7;
      case BF16 -> 32;
      default -> throw new IllegalArgumentException("type must be writable, was " + type);
    };
  }

  private void shape() {
    count("vocab_size", config.vocabSize());
    count("context_length", config.maxPositions());
    count("embedding_length", config.hiddenSize());
    count("block_count", config.layers());
    count("feed_forward_length", config.ffnSize());
    count("attention.head_count", config.heads());
    count("attention.head_count_kv", config.kvHeads());
    count("attention.key_length", config.headDim());
    count("attention.value_length", config.headDim());
    put("attention.layer_norm_rms_epsilon", GgufValue.f32(config.normEps()));
  }

  private void rotary() {
    count("rope.dimension_count", config.rotaryWidth());
    put("rope.freq_base", GgufValue.f32(config.ropeTheta()));
    if (config.ropeScaling() instanceof RopeScaling.Linear linear) {
      put("rope.scaling.type", GgufValue.text("linear"));
      put("rope.scaling.factor", GgufValue.f32(linear.factor()));
    }
  }

  private void gemma() {
    if (!GgufDesignReader.isGemma(config.architecture())) {
      return;
    }
    Design design = config.design();
    if (config.architecture() == Architecture.GEMMA2) {
      put("attn_logit_softcapping", GgufValue.f32(design.caps().attention()));
    }
    if (config.architecture() == Architecture.GEMMA2 || design.caps().logits() > 0) {
      put("final_logit_softcapping", GgufValue.f32(design.caps().logits()));
    }
    boolean[] sliding = new boolean[config.layers()];
    int window = 0;
    for (int layer = 0; layer < config.layers(); layer++) {
      boolean described = !design.layers().isEmpty();
      Design.Layer each = described ? design.layers().get(layer) : Design.Layer.PLAIN;
      sliding[layer] = each.window() > 0 || each.position() == Design.Position.LOCAL;
      window = Math.max(window, each.window());
    }
    // A window that no position leaves is none; the file must name one all the same.
    count("attention.sliding_window", window == 0 ? config.maxPositions() : window);
    if (!Arrays.equals(
        sliding, GgufDesignReader.usualPattern(config.architecture(), sliding.length))) {
      put("attention.sliding_window_pattern", GgufValue.flags(sliding));
    }
    if (design.localRotary() != null) {
      put("rope.freq_base_swa", GgufValue.f32(design.localRotary().theta()));
    }
  }

  private void count(String key, int value) {
    put(key, GgufValue.u32(value));
  }

  private void put(String key, GgufValue value) {
    metadata.put(prefix + "." + key, value);
  }
}
