package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.checkpoints.Design.Caps;
import org.treepo4j.checkpoints.Design.Layer;
import org.treepo4j.checkpoints.Design.Position;
import org.treepo4j.checkpoints.Design.Scales;

/**
 * What a {@code config.json} says beyond plain Llama, family by family, with the defaults of the
 * family's configuration class in {@code transformers}.
 */
final class HfDesignReader {
  private static final int SLIDING_WINDOW = 4096;
  private static final int QWEN_MAX_WINDOW_LAYERS = 28;
  private static final int GEMMA2_PATTERN = 2;
  private static final int GEMMA3_PATTERN = 6;
  private static final int OLMO3_PATTERN = 4;
  private static final int SMOLLM3_ROTARY_INTERVAL = 4;
  private static final double GEMMA_QUERY_SCALAR = 256;
  private static final double GEMMA2_ATTENTION_CAP = 50;
  private static final double GEMMA2_LOGIT_CAP = 30;
  private static final String FULL = "full_attention";
  private static final String SLIDING = "sliding_attention";

  private final JsonFields config;
  private final Architecture family;
  private final int layers;
  private final int maxPositions;

  HfDesignReader(JsonFields config, Architecture family, int layers, int maxPositions) {
    this.config = config;
    this.family = family;
    this.layers = layers;
    this.maxPositions = maxPositions;
  }

  Design read(int hidden, RopeReader rope) throws CheckpointException {
    if (config.flag("use_bidirectional_attention", false)) {
      throw config.refused("use_bidirectional_attention is not supported");
    }
    if (family == Architecture.QWEN3_5) {
      HybridFields hybrid = new HybridFields(config, layers);
      return Design.PLAIN
          .withActivation(hybrid.activation())
          .withRotaryWidth(rope.width())
          .withHybridLayers(hybrid.layerTypes(), hybrid.deltaRule());
    }
    if (family.hasExperts()) {
      return Design.PLAIN
          .withActivation(activation())
          .withExperts(new ExpertFields(config, family).experts());
    }
    boolean local = rope.local() != null;
    List<Layer> described = layers(local);
    boolean used = described.stream().anyMatch(l -> l.position() == Position.LOCAL);
    return Design.PLAIN
        .withActivation(activation())
        .withScales(scales(hidden))
        .withCaps(caps())
        .withRotaryWidth(rope.width())
        .withQueryGrowth(rope.growth())
        .withLayers(described, used ? rope.local() : null);
  }

  private Activation activation() throws CheckpointException {
    boolean gemma = family == Architecture.GEMMA2 || family == Architecture.GEMMA3;
    String field = gemma ? "hidden_activation" : "hidden_act";
    String name = config.text(field, gemma ? "gelu_pytorch_tanh" : "silu");
    return switch (name) {
      case "silu", "swish" -> Activation.SILU;
      case "gelu_pytorch_tanh", "gelu_new" -> Activation.GELU_TANH;
      default ->
          throw config.refused(
              field + " " + quoted(name) + " is not supported, expected silu or gelu_pytorch_tanh");
    };
  }

  private Scales scales(int hidden) throws CheckpointException {
    return switch (family) {
      case GEMMA2, GEMMA3 ->
          new Scales(
              Math.sqrt(hidden),
              Math.pow(config.positive("query_pre_attn_scalar", GEMMA_QUERY_SCALAR), -0.5),
              1,
              1);
      case GRANITE ->
          new Scales(
              config.number("embedding_multiplier", 1),
              config.positive("attention_multiplier", 1),
              config.number("residual_multiplier", 1),
              config.positive("logits_scaling", 1));
      default -> Scales.NONE;
    };
  }

  private Caps caps() throws CheckpointException {
    return switch (family) {
      case GEMMA2 ->
          new Caps(
              cap("attn_logit_softcapping", GEMMA2_ATTENTION_CAP),
              cap("final_logit_softcapping", GEMMA2_LOGIT_CAP));
      // As in transformers, this family's attention has no cap whatever the configuration says.
      case GEMMA3 -> new Caps(0, cap("final_logit_softcapping", 0));
      default -> Caps.NONE;
    };
  }

  /** A soft cap; null is none, absent is the default. */
  private double cap(String field, double otherwise) throws CheckpointException {
    return config.object().path(field).isNull() ? 0 : positiveOrNone(field, otherwise);
  }

  private double positiveOrNone(String field, double otherwise) throws CheckpointException {
    return config.has(field) ? config.positive(field, otherwise) : otherwise;
  }

  private List<Layer> layers(boolean local) throws CheckpointException {
    boolean[] sliding = sliding();
    int window = 0;
    for (boolean slides : sliding) {
      if (slides) {
        window = window();
      }
    }
    boolean[] rotary = rotary();
    List<Layer> described = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      Position position =
          !rotary[layer]
              ? Position.NONE
              : local && sliding[layer] ? Position.LOCAL : Position.GLOBAL;
      described.add(new Layer(sliding[layer] ? window : 0, position));
    }
    return described;
  }

  /** A window that no position ever leaves is no window. */
  private int window() throws CheckpointException {
    if (config.object().path("sliding_window").isNull()) {
      throw config.refused("layer_types asks for " + SLIDING + " but sliding_window is null");
    }
    int window = config.positiveInt("sliding_window", SLIDING_WINDOW);
    return window >= maxPositions ? 0 : window;
  }

  /** Which layers have sliding attention. */
  private boolean[] sliding() throws CheckpointException {
    boolean[] sliding = new boolean[layers];
    boolean windowed = windowed();
    List<String> types = config.texts("layer_types");
    for (String type : types) {
      if (!type.equals(FULL) && !type.equals(SLIDING)) {
        throw config.refused("layer_types " + quoted(type) + " is not supported");
      }
    }
    if (!types.isEmpty() && types.size() != layers) {
      throw config.refused(
          "layer_types has %d entries for %d layers".formatted(types.size(), layers));
    }
    int every = pattern();
    int from = firstWindowed();
    boolean[] rotary = rotary();
    for (int layer = 0; layer < layers; layer++) {
      boolean byRule =
          switch (family) {
            case LLAMA, OLMO2, GRANITE, QWEN3_5, QWEN3_MOE, OLMOE -> false;
            case MISTRAL, MINISTRAL3, PHI3 -> windowed;
            case QWEN2, QWEN3 -> windowed && layer >= from;
            case GEMMA2, GEMMA3, OLMO3 -> (layer + 1) % every != 0;
            case SMOLLM3 -> windowed && !rotary[layer];
          };
      boolean named = !types.isEmpty() && types.get(layer).equals(SLIDING);
      sliding[layer] = types.isEmpty() || !readsLayerTypes() ? byRule : named;
      if (!types.isEmpty() && named != sliding[layer] || named && !windowed) {
        throw config.refused(
            "layer_types "
                + quoted(types.get(layer))
                + " of layer "
                + layer
                + " contradicts the window that "
                + family.modelType()
                + " takes from sliding_window and use_sliding_window");
      }
    }
    return sliding;
  }

  /** Whether the family's attention goes by {@code layer_types}. */
  private boolean readsLayerTypes() {
    return switch (family) {
      case LLAMA, OLMO2, GRANITE, MISTRAL, MINISTRAL3, PHI3, QWEN3_5, QWEN3_MOE, OLMOE -> false;
      case QWEN2, QWEN3, GEMMA2, GEMMA3, OLMO3, SMOLLM3 -> true;
    };
  }

  /** Whether the configuration has a window at all. */
  private boolean windowed() throws CheckpointException {
    boolean absent = !config.object().has("sliding_window");
    boolean given = config.has("sliding_window");
    return switch (family) {
      case LLAMA, OLMO2, GRANITE, QWEN3_5, QWEN3_MOE, OLMOE -> false;
      case MISTRAL -> given || absent;
      case MINISTRAL3, PHI3 -> given;
      case QWEN2, QWEN3 -> config.flag("use_sliding_window", false) && (given || absent);
      case SMOLLM3 -> config.flag("use_sliding_window", false) && given;
      case GEMMA2, GEMMA3, OLMO3 -> given || absent;
    };
  }

  /** Every so-manieth layer sees everything. */
  private int pattern() throws CheckpointException {
    return switch (family) {
      case GEMMA2 -> GEMMA2_PATTERN;
      case OLMO3 -> OLMO3_PATTERN;
      // Of _sliding_window_pattern, which stands beside layer_types, transformers takes no notice.
      case GEMMA3 -> config.positiveInt("sliding_window_pattern", GEMMA3_PATTERN);
      default -> 1;
    };
  }

  private int firstWindowed() throws CheckpointException {
    boolean zero = config.has("max_window_layers") && config.number("max_window_layers") == 0;
    return zero ? 0 : config.positiveInt("max_window_layers", QWEN_MAX_WINDOW_LAYERS);
  }

  /** Which layers have rotary embedding. */
  private boolean[] rotary() throws CheckpointException {
    boolean[] rotary = new boolean[layers];
    int interval =
        family == Architecture.SMOLLM3
            ? config.positiveInt("no_rope_layer_interval", SMOLLM3_ROTARY_INTERVAL)
            : 0;
    boolean listed = family == Architecture.SMOLLM3 && config.has("no_rope_layers");
    JsonNode list = config.object().path("no_rope_layers");
    if (listed && (!list.isArray() || list.size() != layers)) {
      throw config.unexpected("no_rope_layers", "a list of " + layers + " numbers 0 or 1");
    }
    for (int layer = 0; layer < layers; layer++) {
      if (listed) {
        if (!list.get(layer).isIntegralNumber() || list.get(layer).asInt() >>> 1 != 0) {
          throw config.unexpected("no_rope_layers", "a list of " + layers + " numbers 0 or 1");
        }
        rotary[layer] = list.get(layer).asInt() == 1;
      } else {
        rotary[layer] = interval == 0 || (layer + 1) % interval != 0;
      }
    }
    return rotary;
  }
}
