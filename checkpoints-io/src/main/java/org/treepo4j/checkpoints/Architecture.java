package org.treepo4j.checkpoints;

/**
 * The model families this project reads, named as {@code model_type} in {@code config.json}, with
 * what is the same in every model of a family.
 */
public enum Architecture {
  LLAMA("llama", "LlamaForCausalLM"),
  MISTRAL("mistral", "MistralForCausalLM"),
  QWEN2("qwen2", "Qwen2ForCausalLM"),
  QWEN3("qwen3", "Qwen3ForCausalLM"),
  GEMMA2("gemma2", "Gemma2ForCausalLM", Norms.AROUND),
  GEMMA3("gemma3_text", "Gemma3ForCausalLM", Norms.AROUND),
  PHI3("phi3", "Phi3ForCausalLM"),
  OLMO2("olmo2", "Olmo2ForCausalLM", Norms.AFTER),
  OLMO3("olmo3", "Olmo3ForCausalLM", Norms.AFTER),
  SMOLLM3("smollm3", "SmolLM3ForCausalLM"),
  GRANITE("granite", "GraniteForCausalLM"),
  MINISTRAL3("ministral3", "Ministral3ForCausalLM"),
  QWEN3_5("qwen3_5_text", "Qwen3_5ForCausalLM"),
  QWEN3_MOE("qwen3_moe", "Qwen3MoeForCausalLM"),
  OLMOE("olmoe", "OlmoeForCausalLM");

  /** Where attention and feed-forward layer are normalised. */
  public enum Norms {
    /** Their inputs: {@code x + f(norm(x))}. */
    BEFORE,
    /** Their outputs: {@code x + norm(f(x))}. */
    AFTER,
    /** Both: {@code x + norm(f(norm(x)))}. */
    AROUND
  }

  private final String modelType;
  private final String className;
  private final Norms norms;

  Architecture(String modelType, String className) {
    this(modelType, className, Norms.BEFORE);
  }

  Architecture(String modelType, String className, Norms norms) {
    this.modelType = modelType;
    this.className = className;
    this.norms = norms;
  }

  /** The value of {@code model_type} in {@code config.json}. */
  public String modelType() {
    return modelType;
  }

  /** The value in {@code architectures} in {@code config.json}. */
  public String className() {
    return className;
  }

  /** Where blocks are normalised. */
  public Norms norms() {
    return norms;
  }

  /** Whether norms multiply by {@code 1 + weight} instead of {@code weight}. */
  public boolean normsAddOne() {
    return this == GEMMA2 || this == GEMMA3 || this == QWEN3_5;
  }

  /** Whether query and key norms, where there are any, span all heads rather than each alone. */
  public boolean normsSpanHeads() {
    return this == OLMO2 || this == OLMO3 || this == OLMOE;
  }

  /**
   * Whether the output of attention is multiplied by the sigmoid of a gate, which the query
   * projection computes beside each query head.
   */
  public boolean gatesAttention() {
    return this == QWEN3_5;
  }

  /** Whether feed-forward layers are mixtures of experts. */
  public boolean hasExperts() {
    return this == QWEN3_MOE || this == OLMOE;
  }

  /** Whether query, key and value are one matrix, and so are gate and up. */
  public boolean fusedProjections() {
    return this == PHI3;
  }
}
