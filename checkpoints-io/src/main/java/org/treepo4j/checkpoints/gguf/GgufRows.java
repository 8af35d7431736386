package org.treepo4j.checkpoints.gguf;

import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * The order of a tensor's rows in a file. Queries and keys of Llama have, within every head, the
 * two elements of a rotary pair as neighbours: rows 0, d/2, 1, d/2 + 1, … of Hugging Face.
 *
 * @param heads of the tensor; 0 for a tensor whose rows keep their order
 * @param headDim rows of one head, d
 */
record GgufRows(int heads, int headDim) {

  /**
   * @param name as Hugging Face has it
   */
  static GgufRows of(ModelConfig config, String name) {
    boolean llama =
        config.architecture() == Architecture.LLAMA
            || config.architecture() == Architecture.MISTRAL;
    int heads =
        llama && name.contains(".self_attn.q_proj.")
            ? config.heads()
            : llama && name.contains(".self_attn.k_proj.") ? config.kvHeads() : 0;
    return new GgufRows(heads, config.headDim());
  }

  /**
   * From the file's order to Hugging Face's.
   *
   * @param values {@code [heads][headDim][columns]}
   */
  float[] unpermuted(float[] values) {
    return copied(values, false);
  }

  /** From Hugging Face's order to the file's. */
  float[] permuted(float[] values) {
    return copied(values, true);
  }

  private float[] copied(float[] values, boolean toFile) {
    if (heads == 0) {
      return values;
    }
    int columns = values.length / (heads * headDim);
    float[] ordered = new float[values.length];
    for (int head = 0; head < heads; head++) {
      for (int row = 0; row < headDim; row++) {
        int stored = 2 * (row % (headDim / 2)) + row / (headDim / 2);
        int from = head * headDim + (toFile ? row : stored);
        int to = head * headDim + (toFile ? stored : row);
        System.arraycopy(values, from * columns, ordered, to * columns, columns);
      }
    }
    return ordered;
  }
}
