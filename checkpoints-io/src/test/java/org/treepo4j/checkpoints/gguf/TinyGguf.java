package org.treepo4j.checkpoints.gguf;

import java.util.List;
import org.treepo4j.checkpoints.gguf.GgufValue.Type;

/** A model of one block with a tokenizer, as the bytes of a GGUF file. */
public final class TinyGguf {
  private static final List<String> TOKENS = List.of("<unk>", "<s>", "</s>", "a", "b", "ab");
  private static final int HIDDEN = 32;

  /** A tensor; a vector has no rows. */
  private record Tensor(String name, int rows, int columns, GgmlType type) {
    long bytes() {
      return (long) Math.max(1, rows) * columns / type.blockElements() * type.blockBytes();
    }
  }

  private TinyGguf() {}

  /** The file. */
  public static byte[] bytes() {
    List<Tensor> tensors =
        List.of(
            new Tensor("token_embd.weight", TOKENS.size(), HIDDEN, GgmlType.F16),
            new Tensor("rope_freqs.weight", 0, 8, GgmlType.F32),
            new Tensor("blk.0.attn_norm.weight", 0, HIDDEN, GgmlType.F32),
            new Tensor("blk.0.attn_q.weight", HIDDEN, HIDDEN, GgmlType.Q8_0),
            new Tensor("blk.0.attn_k.weight", HIDDEN, HIDDEN, GgmlType.Q4_0),
            new Tensor("blk.0.attn_v.weight", HIDDEN, HIDDEN, GgmlType.Q5_1),
            new Tensor("output_norm.weight", 0, HIDDEN, GgmlType.BF16));
    GgufBytes bytes = new GgufBytes(tensors.size(), 14);
    bytes.text("general.architecture").i32(Type.STRING.ordinal()).text("llama");
    integer(bytes, "llama.block_count", 1);
    integer(bytes, "llama.context_length", 64);
    integer(bytes, "llama.embedding_length", HIDDEN);
    integer(bytes, "llama.feed_forward_length", 64);
    integer(bytes, "llama.attention.head_count", 2);
    integer(bytes, "llama.attention.head_count_kv", 2);
    bytes.text("llama.attention.layer_norm_rms_epsilon").i32(Type.F32.ordinal()).f32(1e-5f);
    bytes.text("tokenizer.ggml.model").i32(Type.STRING.ordinal()).text("llama");
    array(bytes, "tokenizer.ggml.tokens", Type.STRING);
    TOKENS.forEach(bytes::text);
    array(bytes, "tokenizer.ggml.scores", Type.F32);
    TOKENS.forEach(token -> bytes.f32(-token.length()));
    array(bytes, "tokenizer.ggml.token_type", Type.I32);
    TOKENS.forEach(token -> bytes.i32(token.startsWith("<") ? 3 : 1));
    bytes.text("tokenizer.ggml.add_bos_token").i32(Type.BOOL.ordinal()).i8(1);
    bytes.text("extra").i32(Type.ARRAY.ordinal()).i32(Type.ARRAY.ordinal()).i64(1);
    bytes.i32(Type.U8.ordinal()).i64(2).i8(1).i8(2);
    long offset = 0;
    for (Tensor tensor : tensors) {
      bytes.text(tensor.name()).i32(tensor.rows() == 0 ? 1 : 2).i64(tensor.columns());
      if (tensor.rows() > 0) {
        bytes.i64(tensor.rows());
      }
      bytes.i32(tensor.type().number()).i64(offset);
      offset += tensor.bytes() + 31 & -32;
    }
    bytes.padded(32, 0);
    for (Tensor tensor : tensors) {
      for (int i = 0; i < tensor.bytes() / 4; i++) {
        bytes.f32(1);
      }
      bytes.padded(32, 0);
    }
    return bytes.toBytes();
  }

  private static void integer(GgufBytes bytes, String key, int value) {
    bytes.text(key).i32(Type.U32.ordinal()).i32(value);
  }

  private static void array(GgufBytes bytes, String key, Type type) {
    bytes.text(key).i32(Type.ARRAY.ordinal()).i32(type.ordinal()).i64(TOKENS.size());
  }
}
