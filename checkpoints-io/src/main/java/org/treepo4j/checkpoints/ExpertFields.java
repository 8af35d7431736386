package org.treepo4j.checkpoints;

import org.treepo4j.checkpoints.Design.Experts;

/**
 * The mixture of experts of a configuration, with the defaults of its configuration class in {@code
 * transformers}. Every feed-forward layer is one; what mixes them with dense ones is refused.
 */
final class ExpertFields {
  private static final int QWEN3_COUNT = 128;
  private static final int OLMOE_COUNT = 64;
  private static final int PER_TOKEN = 8;
  private static final int QWEN3_WIDTH = 768;

  private final JsonFields config;
  private final Architecture family;

  ExpertFields(JsonFields config, Architecture family) {
    this.config = config;
    this.family = family;
  }

  Experts experts() throws CheckpointException {
    if (config.flag("output_router_logits", false)) {
      throw config.refused(
          "output_router_logits (an auxiliary loss of the router) is not supported");
    }
    return switch (family) {
      case QWEN3_MOE -> qwen3();
      case OLMOE -> olmoe();
      default -> null;
    };
  }

  private Experts qwen3() throws CheckpointException {
    if (config.positiveInt("decoder_sparse_step", 1) != 1) {
      throw config.refused("decoder_sparse_step other than 1 is not supported");
    }
    if (config.has("mlp_only_layers") && !config.object().get("mlp_only_layers").isEmpty()) {
      throw config.refused("mlp_only_layers is not supported");
    }
    if (config.flag("use_sliding_window", false)) {
      throw config.refused("use_sliding_window is not supported in qwen3_moe");
    }
    return read(QWEN3_COUNT, config.positiveInt("moe_intermediate_size", QWEN3_WIDTH));
  }

  private Experts olmoe() throws CheckpointException {
    if (config.has("clip_qkv")) {
      throw config.refused("clip_qkv is not supported");
    }
    return read(OLMOE_COUNT, config.positiveInt("intermediate_size"));
  }

  private Experts read(int usual, int width) throws CheckpointException {
    int local = config.positiveInt("num_local_experts", usual); // as transformers 5 writes it
    int count = config.positiveInt("num_experts", local);
    if (config.has("num_local_experts") && count != local) {
      throw config.refused("num_experts is %d, num_local_experts %d".formatted(count, local));
    }
    int perToken = config.positiveInt("num_experts_per_tok", PER_TOKEN);
    if (perToken > count) {
      throw config.refused(
          "num_experts_per_tok must be at most num_experts %d, was %d".formatted(count, perToken));
    }
    return new Experts(count, perToken, width, config.flag("norm_topk_prob", false));
  }
}
