package org.treepo4j.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.ModelConfig;

/** Names and shapes of a model's weight tensors, as Hugging Face folders spell them. */
public final class TensorNames {
  public static final String EMBEDDING = "model.embed_tokens.weight";
  public static final String FINAL_NORM = "model.norm.weight";

  /** Absent when the head is tied to the embedding. */
  public static final String HEAD = "lm_head.weight";

  public static final String INPUT_NORM = "input_layernorm.weight";
  public static final String QUERY = "self_attn.q_proj.weight";
  public static final String KEY = "self_attn.k_proj.weight";
  public static final String VALUE = "self_attn.v_proj.weight";
  public static final String QUERY_BIAS = "self_attn.q_proj.bias";
  public static final String KEY_BIAS = "self_attn.k_proj.bias";
  public static final String VALUE_BIAS = "self_attn.v_proj.bias";
  public static final String QUERY_NORM = "self_attn.q_norm.weight";
  public static final String KEY_NORM = "self_attn.k_norm.weight";
  public static final String OUTPUT = "self_attn.o_proj.weight";
  public static final String OUTPUT_BIAS = "self_attn.o_proj.bias";

  /** Query, key and value one below the other, where a family stores them so. */
  public static final String QKV = "self_attn.qkv_proj.weight";

  /** Gate and up one below the other, where a family stores them so. */
  public static final String GATE_UP = "mlp.gate_up_proj.weight";

  /** Of the feed-forward layer's input, or of attention's output, as the family says. */
  public static final String POST_ATTENTION_NORM = "post_attention_layernorm.weight";

  public static final String PRE_FFN_NORM = "pre_feedforward_layernorm.weight";
  public static final String POST_FFN_NORM = "post_feedforward_layernorm.weight";
  public static final String GATE = "mlp.gate_proj.weight";
  public static final String UP = "mlp.up_proj.weight";
  public static final String DOWN = "mlp.down_proj.weight";

  /** What chooses experts, {@code [experts, hidden]}. */
  public static final String ROUTER = "mlp.gate.weight";

  private static final String MLP = "mlp.";

  /** Queries, keys and values of a linear layer one below the other. */
  public static final String LINEAR_QKV = "linear_attn.in_proj_qkv.weight";

  /** The gate of a linear layer's output. */
  public static final String LINEAR_GATE = "linear_attn.in_proj_z.weight";

  /** How strongly a linear layer writes, before the sigmoid. */
  public static final String LINEAR_BETA = "linear_attn.in_proj_b.weight";

  /** How fast a linear layer forgets, before its bias and the softplus. */
  public static final String LINEAR_DECAY = "linear_attn.in_proj_a.weight";

  public static final String LINEAR_DECAY_BIAS = "linear_attn.dt_bias";

  /** Logarithm of the factor of a head's decay. */
  public static final String LINEAR_DECAY_LOG = "linear_attn.A_log";

  /** {@code [channels, 1, width]}; the last of a channel's weights is that of the present input. */
  public static final String LINEAR_CONV = "linear_attn.conv1d.weight";

  /** Of the output of each value head; multiplied as it is in every family. */
  public static final String LINEAR_NORM = "linear_attn.norm.weight";

  public static final String LINEAR_OUTPUT = "linear_attn.out_proj.weight";

  private TensorNames() {}

  /** The full name of one of the tensors of a layer. */
  public static String ofLayer(int layer, String tensor) {
    return "model.layers." + layer + "." + tensor;
  }

  /** The name in a layer of an expert's {@link #GATE}, {@link #UP} or {@link #DOWN}. */
  public static String ofExpert(int expert, String tensor) {
    return MLP + "experts." + expert + "." + tensor.substring(MLP.length());
  }

  /** Every tensor a model of this shape has, in the order of the model; matrices are [out, in]. */
  public static Map<String, int[]> shapes(ModelConfig config) {
    int hidden = config.hiddenSize();
    Architecture family = config.architecture();
    boolean fused = family.fusedProjections();
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put(EMBEDDING, new int[] {config.vocabSize(), hidden});
    for (int layer = 0; layer < config.layers(); layer++) {
      Map<String, int[]> block = new LinkedHashMap<>();
      if (family.norms() != Architecture.Norms.AFTER) {
        block.put(INPUT_NORM, new int[] {hidden});
      }
      if (config.linear(layer)) {
        putLinear(config, block);
      } else {
        putAttention(config, block);
      }
      block.put(POST_ATTENTION_NORM, new int[] {hidden});
      if (family.norms() == Architecture.Norms.AROUND) {
        block.put(PRE_FFN_NORM, new int[] {hidden});
      }
      if (config.design().experts() != null) {
        putExperts(config, block);
      } else if (fused) {
        block.put(GATE_UP, new int[] {2 * config.ffnSize(), hidden});
      } else {
        block.put(GATE, new int[] {config.ffnSize(), hidden});
        block.put(UP, new int[] {config.ffnSize(), hidden});
      }
      if (config.design().experts() == null) {
        block.put(DOWN, new int[] {hidden, config.ffnSize()});
      }
      if (family.norms() != Architecture.Norms.BEFORE) {
        block.put(POST_FFN_NORM, new int[] {hidden});
      }
      for (Map.Entry<String, int[]> tensor : block.entrySet()) {
        shapes.put(ofLayer(layer, tensor.getKey()), tensor.getValue());
      }
    }
    shapes.put(FINAL_NORM, new int[] {hidden});
    if (!config.tiedEmbeddings()) {
      shapes.put(HEAD, new int[] {config.vocabSize(), hidden});
    }
    return shapes;
  }

  private static void putAttention(ModelConfig config, Map<String, int[]> block) {
    int hidden = config.hiddenSize();
    if (config.architecture().fusedProjections()) {
      block.put(QKV, new int[] {config.querySize() + 2 * config.kvSize(), hidden});
    } else {
      block.put(QUERY, new int[] {config.queryRows(), hidden});
      block.put(KEY, new int[] {config.kvSize(), hidden});
      block.put(VALUE, new int[] {config.kvSize(), hidden});
    }
    if (config.qkvBias()) {
      block.put(QUERY_BIAS, new int[] {config.querySize()});
      block.put(KEY_BIAS, new int[] {config.kvSize()});
      block.put(VALUE_BIAS, new int[] {config.kvSize()});
    }
    if (config.qkNorm()) {
      boolean all = config.architecture().normsSpanHeads();
      block.put(QUERY_NORM, new int[] {all ? config.querySize() : config.headDim()});
      block.put(KEY_NORM, new int[] {all ? config.kvSize() : config.headDim()});
    }
    block.put(OUTPUT, new int[] {hidden, config.querySize()});
    if (config.outputBias()) {
      block.put(OUTPUT_BIAS, new int[] {hidden});
    }
  }

  private static void putExperts(ModelConfig config, Map<String, int[]> block) {
    int hidden = config.hiddenSize();
    Experts experts = config.design().experts();
    block.put(ROUTER, new int[] {experts.count(), hidden});
    for (int expert = 0; expert < experts.count(); expert++) {
      block.put(ofExpert(expert, GATE), new int[] {experts.width(), hidden});
      block.put(ofExpert(expert, UP), new int[] {experts.width(), hidden});
      block.put(ofExpert(expert, DOWN), new int[] {hidden, experts.width()});
    }
  }

  private static void putLinear(ModelConfig config, Map<String, int[]> block) {
    int hidden = config.hiddenSize();
    DeltaRule rule = config.design().deltaRule();
    block.put(LINEAR_QKV, new int[] {rule.convSize(), hidden});
    block.put(LINEAR_GATE, new int[] {rule.valueSize(), hidden});
    block.put(LINEAR_BETA, new int[] {rule.valueHeads(), hidden});
    block.put(LINEAR_DECAY, new int[] {rule.valueHeads(), hidden});
    block.put(LINEAR_DECAY_BIAS, new int[] {rule.valueHeads()});
    block.put(LINEAR_DECAY_LOG, new int[] {rule.valueHeads()});
    block.put(LINEAR_CONV, new int[] {rule.convSize(), 1, rule.convWidth()});
    block.put(LINEAR_NORM, new int[] {rule.valueDim()});
    block.put(LINEAR_OUTPUT, new int[] {hidden, rule.valueSize()});
  }
}
