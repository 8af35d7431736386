package org.treepo4j.checkpoints;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.Design.Layer;
import org.treepo4j.checkpoints.Design.Position;
import org.treepo4j.checkpoints.Design.Rotary;

/** The counterpart of {@link HfDesignReader} and {@link RopeReader}. */
final class HfDesignWriter {
  private static final String ORIGINAL = "original_max_position_embeddings";

  private final ObjectNode json;
  private final ModelConfig model;
  private final Design design;

  private HfDesignWriter(ObjectNode json, ModelConfig model) {
    this.json = json;
    this.model = model;
    this.design = model.design();
  }

  /** Adds what the family's configuration says beyond sizes. */
  static void put(ObjectNode json, ModelConfig model) {
    new HfDesignWriter(json, model).put();
  }

  private void put() {
    putRope();
    putPadding();
    switch (model.architecture()) {
      case LLAMA -> putBias(true);
      case OLMO2 -> putBias(false);
      case MISTRAL -> putWindow();
      case PHI3 -> {
        putWindow();
        json.put(
            ORIGINAL,
            model.ropeScaling() instanceof RopeScaling.LongRope rope
                ? rope.originalMaxPositions()
                : model.maxPositions());
        json.put("partial_rotary_factor", fraction());
      }
      case MINISTRAL3 -> putWindow();
      case QWEN2, QWEN3 -> {
        if (model.architecture() == Architecture.QWEN3) {
          putBias(false);
        }
        putWindow();
        json.put("use_sliding_window", window() > 0);
        json.put("max_window_layers", model.layers());
        putLayerTypes(Architecture.QWEN2);
      }
      case GEMMA2, GEMMA3 -> putGemma();
      case OLMO3 -> {
        putBias(false);
        json.put("sliding_window", orLongest(window()));
        putLayerTypes(Architecture.OLMO3);
      }
      case SMOLLM3 -> {
        putBias(true);
        putWindow();
        json.put("use_sliding_window", window() > 0);
        ArrayNode rotary = json.putArray("no_rope_layers");
        for (int layer = 0; layer < model.layers(); layer++) {
          rotary.add(layer(layer).position() == Position.NONE ? 0 : 1);
        }
        putLayerTypes(Architecture.SMOLLM3);
      }
      case GRANITE -> {
        putBias(true);
        json.put("embedding_multiplier", design.scales().embedding());
        json.put("attention_multiplier", model.attentionScale());
        json.put("residual_multiplier", design.scales().residual());
        json.put("logits_scaling", design.scales().logitDivisor());
      }
      case QWEN3_5 -> putHybrid();
      case QWEN3_MOE, OLMOE -> putExperts();
    }
  }

  private void putHybrid() {
    putBias(false);
    ArrayNode types = json.putArray("layer_types");
    for (int layer = 0; layer < model.layers(); layer++) {
      types.add(model.linear(layer) ? HybridFields.LINEAR : HybridFields.FULL);
    }
    DeltaRule rule = design.deltaRule();
    if (rule != null) {
      json.put("linear_conv_kernel_dim", rule.convWidth());
      json.put("linear_key_head_dim", rule.keyDim());
      json.put("linear_value_head_dim", rule.valueDim());
      json.put("linear_num_key_heads", rule.keyHeads());
      json.put("linear_num_value_heads", rule.valueHeads());
    }
  }

  private void putExperts() {
    putBias(false);
    Experts experts = design.experts();
    if (experts != null) {
      json.put("num_experts", experts.count());
      json.put("num_experts_per_tok", experts.perToken());
      json.put("norm_topk_prob", experts.normalised());
      json.put("output_router_logits", false);
      if (model.architecture() == Architecture.QWEN3_MOE) {
        json.put("moe_intermediate_size", experts.width());
        json.put("decoder_sparse_step", 1);
        json.putArray("mlp_only_layers");
        json.put("use_sliding_window", false);
      }
    }
  }

  /** Transformers refuses a model whose vocabulary does not hold the family's padding token. */
  private void putPadding() {
    int byDefault =
        switch (model.architecture()) {
          case PHI3 -> 32_000;
          case SMOLLM3 -> 128_004;
          case MINISTRAL3 -> 11;
          case OLMO2, OLMO3, OLMOE -> 1;
          default -> 0;
        };
    if (byDefault >= model.vocabSize()) {
      json.putNull("pad_token_id");
    }
  }

  /** The part of a head that is rotated, such that its product is not rounded below the width. */
  private double fraction() {
    double fraction = (double) model.rotaryWidth() / model.headDim();
    return (int) (model.headDim() * fraction) < model.rotaryWidth()
        ? Math.nextUp(fraction)
        : fraction;
  }

  private void putBias(boolean mlp) {
    json.put("attention_bias", model.outputBias());
    if (mlp) {
      json.put("mlp_bias", false);
    }
  }

  private void putGemma() {
    putBias(false);
    json.put("sliding_window", orLongest(window()));
    putLayerTypes(model.architecture());
    double scale = model.attentionScale();
    double scalar = 1 / (scale * scale);
    boolean whole = Math.pow(Math.rint(scalar), -0.5) == scale;
    if (whole) {
      json.put("query_pre_attn_scalar", (long) Math.rint(scalar));
    } else {
      json.put("query_pre_attn_scalar", inverse(scalar, scale));
    }
    putCap("attn_logit_softcapping", design.caps().attention());
    putCap("final_logit_softcapping", design.caps().logits());
  }

  /** The number at or beside {@code scalar} whose inverse root is the scale to the last bit. */
  private static double inverse(double scalar, double scale) {
    for (int step = 0; step <= 4; step++) {
      for (double near :
          new double[] {scalar + step * Math.ulp(scalar), scalar - step * Math.ulp(scalar)}) {
        if (Math.pow(near, -0.5) == scale) {
          return near;
        }
      }
    }
    return scalar; // refused when it is read back
  }

  private void putCap(String field, double cap) {
    if (cap == 0) {
      json.putNull(field);
    } else {
      json.put(field, cap);
    }
  }

  private void putWindow() {
    if (window() == 0) {
      json.putNull("sliding_window");
    } else {
      json.put("sliding_window", window());
    }
  }

  /** A family whose layers slide even where the window is no window. */
  private int orLongest(int window) {
    return window == 0 ? model.maxPositions() : window;
  }

  private void putLayerTypes(Architecture family) {
    boolean byPosition = family == Architecture.GEMMA3 || family == Architecture.OLMO3;
    ArrayNode types = json.putArray("layer_types");
    for (int layer = 0; layer < model.layers(); layer++) {
      boolean sliding =
          byPosition ? layer(layer).position() == Position.LOCAL : layer(layer).window() > 0;
      types.add(sliding ? "sliding_attention" : "full_attention");
    }
  }

  private Layer layer(int layer) {
    return design.layers().isEmpty() ? Layer.PLAIN : design.layers().get(layer);
  }

  /** The window of the layers that have one, or 0. */
  private int window() {
    return design.layers().stream().mapToInt(Layer::window).max().orElse(0);
  }

  private void putRope() {
    Rotary global = new Rotary(model.ropeTheta(), model.ropeScaling());
    switch (model.architecture()) {
      // Known to transformers 5 only, or in need of its spelling.
      case MINISTRAL3 -> {
        ObjectNode parameters = putRotary(json.putObject("rope_parameters"), global);
        // Transformers has no default for either.
        double beta = design.queryGrowth().beta();
        parameters.put("llama_4_scaling_beta", beta);
        if (beta != 0 || !parameters.has(ORIGINAL)) {
          parameters.put(ORIGINAL, beta == 0 ? model.maxPositions() : design.queryGrowth().every());
        }
      }
      case QWEN3_5 ->
          putRotary(json.putObject("rope_parameters"), global)
              .put("partial_rotary_factor", fraction());
      case GEMMA3 -> {
        json.put("rope_theta", model.ropeTheta());
        putScaling();
        if (design.localRotary() != null) {
          json.put("rope_local_base_freq", design.localRotary().theta());
          if (!design.localRotary().scaling().equals(RopeScaling.NONE)) {
            putByLayerType(global);
          }
        }
      }
      case OLMO3 -> {
        json.put("rope_theta", model.ropeTheta());
        putScaling();
        if (design.localRotary() != null) {
          // Transformers 5 takes rope_theta for full attention only.
          putByLayerType(global);
        }
      }
      default -> {
        json.put("rope_theta", model.ropeTheta());
        putScaling();
      }
    }
  }

  private void putByLayerType(Rotary global) {
    ObjectNode parameters = json.putObject("rope_parameters");
    putRotary(parameters.putObject("full_attention"), global);
    putRotary(parameters.putObject("sliding_attention"), design.localRotary());
  }

  private ObjectNode putRotary(ObjectNode to, Rotary rotary) {
    to.put("rope_theta", rotary.theta());
    if (rotary.scaling().equals(RopeScaling.NONE)) {
      to.put("rope_type", "default");
    } else {
      putScaling(to, rotary.scaling());
    }
    return to;
  }

  private void putScaling() {
    if (model.ropeScaling().equals(RopeScaling.NONE)) {
      json.putNull("rope_scaling");
    } else {
      putScaling(json.putObject("rope_scaling"), model.ropeScaling());
    }
  }

  private void putScaling(ObjectNode to, RopeScaling scaling) {
    if (scaling instanceof RopeScaling.Linear linear) {
      // Versions before 4.43 know "type" only.
      to.put("type", "linear").put("rope_type", "linear").put("factor", linear.factor());
    } else if (scaling instanceof RopeScaling.Llama3 llama3) {
      to.put("rope_type", "llama3")
          .put("factor", llama3.factor())
          .put("low_freq_factor", llama3.lowFreqFactor())
          .put("high_freq_factor", llama3.highFreqFactor())
          .put(ORIGINAL, llama3.originalMaxPositions());
    } else if (scaling instanceof RopeScaling.Yarn yarn) {
      to.put("rope_type", "yarn")
          .put("factor", yarn.factor())
          .put("beta_fast", yarn.betaFast())
          .put("beta_slow", yarn.betaSlow())
          .put(ORIGINAL, yarn.originalMaxPositions())
          .put("attention_factor", yarn.attentionFactor())
          .put("truncate", yarn.truncate());
    } else if (scaling instanceof RopeScaling.LongRope rope) {
      // Versions before 5 allow these three fields only.
      to.put("type", "longrope");
      rope.shortFactors().forEach(to.putArray("short_factor")::add);
      rope.longFactors().forEach(to.putArray("long_factor")::add);
      double usual =
          RopeScaling.LongRope.attentionFactor(
              (double) rope.maxPositions() / rope.originalMaxPositions(),
              rope.originalMaxPositions());
      if (rope.attentionFactor() != usual) {
        to.put("attention_factor", rope.attentionFactor());
      }
    } else if (scaling instanceof RopeScaling.Factors factors) {
      to.put("rope_type", "longrope").put("factor", 1.0).put("attention_factor", 1.0);
      to.put(ORIGINAL, model.maxPositions());
      factors.factors().forEach(to.putArray("short_factor")::add);
      factors.factors().forEach(to.putArray("long_factor")::add);
    }
  }
}
