package org.treepo4j.checkpoints.gguf;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.treepo4j.checkpoints.Architecture;

/** Tensor names of GGUF files and of Hugging Face folders. */
final class GgufNames {
  static final String EMBEDDING = "token_embd.weight";
  static final String HEAD = "output.weight";
  static final String ROPE_FACTORS = "rope_freqs.weight";

  private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d{1,9})\\.(\\w+)\\.(weight|bias)");
  private static final Pattern LAYER =
      Pattern.compile("model\\.layers\\.(\\d+)\\.([\\w.]+)\\.(weight|bias)");

  private static final Map<String, String> WHOLE =
      Map.of(
          EMBEDDING,
          "model.embed_tokens.weight",
          "output_norm.weight",
          "model.norm.weight",
          HEAD,
          "lm_head.weight");

  private static final Map<String, String> IN_BLOCK =
      Map.ofEntries(
          Map.entry("attn_norm", "input_layernorm"),
          Map.entry("attn_q", "self_attn.q_proj"),
          Map.entry("attn_k", "self_attn.k_proj"),
          Map.entry("attn_v", "self_attn.v_proj"),
          Map.entry("attn_output", "self_attn.o_proj"),
          Map.entry("attn_q_norm", "self_attn.q_norm"),
          Map.entry("attn_k_norm", "self_attn.k_norm"),
          Map.entry("ffn_norm", "post_attention_layernorm"),
          Map.entry("ffn_gate", "mlp.gate_proj"),
          Map.entry("ffn_up", "mlp.up_proj"),
          Map.entry("ffn_down", "mlp.down_proj"));

  /** The norms of blocks that are normalised before and after (Gemma). */
  private static final Map<String, String> AROUND =
      Map.of(
          "post_attention_norm", "post_attention_layernorm",
          "ffn_norm", "pre_feedforward_layernorm",
          "post_ffw_norm", "post_feedforward_layernorm");

  private final Map<String, String> inBlock;

  GgufNames(Architecture architecture) {
    this.inBlock = new HashMap<>(IN_BLOCK);
    if (architecture.norms() == Architecture.Norms.AROUND) {
      inBlock.putAll(AROUND);
    }
  }

  /** Hugging Face's name for a tensor of a GGUF file; empty where it has none. */
  Optional<String> huggingFace(String name) {
    Matcher block = BLOCK.matcher(name);
    if (block.matches() && inBlock.containsKey(block.group(2))) {
      return Optional.of(
          "model.layers.%s.%s.%s"
              .formatted(block.group(1), inBlock.get(block.group(2)), block.group(3)));
    }
    return Optional.ofNullable(WHOLE.get(name));
  }

  /** The name in a GGUF file; Hugging Face's where there is none. */
  String stored(String name) {
    Matcher layer = LAYER.matcher(name);
    if (layer.matches()) {
      for (Map.Entry<String, String> entry : inBlock.entrySet()) {
        if (entry.getValue().equals(layer.group(2))) {
          return "blk.%s.%s.%s".formatted(layer.group(1), entry.getKey(), layer.group(3));
        }
      }
    }
    for (Map.Entry<String, String> entry : WHOLE.entrySet()) {
      if (entry.getValue().equals(name)) {
        return entry.getKey();
      }
    }
    return name;
  }
}
