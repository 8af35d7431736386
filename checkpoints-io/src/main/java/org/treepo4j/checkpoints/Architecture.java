package org.treepo4j.checkpoints;

/** The model families this project reads, named as {@code model_type} in {@code config.json}. */
public enum Architecture {
  LLAMA("llama", "LlamaForCausalLM"),
  MISTRAL("mistral", "MistralForCausalLM"),
  QWEN2("qwen2", "Qwen2ForCausalLM"),
  QWEN3("qwen3", "Qwen3ForCausalLM");

  private final String modelType;
  private final String className;

  Architecture(String modelType, String className) {
    this.modelType = modelType;
    this.className = className;
  }

  /** The value of {@code model_type} in {@code config.json}. */
  public String modelType() {
    return modelType;
  }

  /** The value in {@code architectures} in {@code config.json}. */
  public String className() {
    return className;
  }
}
