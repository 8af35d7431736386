package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.testsupport.SharedData;

/** Every broken file is refused with one line that names it and the fault. */
class BrokenGgufTest {

  /** File → what the line must hold. */
  private static final Map<String, String> FAULTS =
      Map.ofEntries(
          Map.entry("wrong-magic.gguf", "is not a GGUF file"),
          Map.entry("version-1.gguf", "GGUF version 1 is not supported"),
          Map.entry("version-99.gguf", "GGUF version 99 is not supported"),
          Map.entry("version-0.gguf", "GGUF version 0 is not supported"),
          Map.entry("big-endian.gguf", "big-endian"),
          Map.entry("tensor-count-huge.gguf", "claims 1152921504606846976 tensors"),
          Map.entry("key-count-huge.gguf", "metadata keys, more than the file"),
          Map.entry("key-length-huge.gguf", "runs past the end of the file"),
          Map.entry("string-length-huge.gguf", "runs past the end of the file"),
          Map.entry("array-length-huge.gguf", "more than the file can hold"),
          Map.entry("array-of-strings-huge.gguf", "more than the file can hold"),
          Map.entry("nested-arrays.gguf", "nested more than"),
          Map.entry("value-type-unknown.gguf", "unknown type 13"),
          Map.entry("array-type-unknown.gguf", "unknown element type"),
          Map.entry("key-repeated.gguf", "\"llama.block_count\" is there twice"),
          Map.entry("key-empty.gguf", "is empty"),
          Map.entry("key-not-utf8.gguf", "is not valid UTF-8"),
          Map.entry("tensor-repeated.gguf", "tensor \"output_norm.weight\" is there twice"),
          Map.entry("offset-beyond-end.gguf", "\"output_norm.weight\" lies beyond the end"),
          Map.entry("offset-overlapping.gguf", "overlaps"),
          Map.entry("offset-unaligned.gguf", "not a multiple of the alignment 32"),
          Map.entry("dims-overflow.gguf", "multiply to 2^63 or more"),
          Map.entry("dims-negative.gguf", "dimension of 9223372036854775808"),
          Map.entry("dims-zero.gguf", "\"token_embd.weight\" has a dimension of 0"),
          Map.entry("dims-many.gguf", "dimensions, more than 4"),
          Map.entry("row-not-multiple.gguf", "Q8_0 needs rows of a multiple of 32"),
          Map.entry("type-unknown.gguf", "of type 200, which is not known"),
          Map.entry("type-removed.gguf", "Q4_2"),
          Map.entry("alignment-0.gguf", "general.alignment must be a power of two, was 0"),
          Map.entry("alignment-3.gguf", "general.alignment must be a power of two, was 3"),
          Map.entry("alignment-huge.gguf", "beyond the end of the file"),
          Map.entry("alignment-string.gguf", "general.alignment is STRING"),
          Map.entry("truncated-data.gguf", "ends within tensor"),
          Map.entry("truncated-keys.gguf", "end"),
          Map.entry("truncated-tensors.gguf", "ends within the list of tensors"),
          Map.entry("truncated-header.gguf", "ends within the header"),
          Map.entry("only-magic.gguf", "ends within the header"),
          Map.entry("text-file.gguf", "is not a GGUF file"),
          Map.entry("empty.gguf", "is empty"),
          Map.entry("lfs-pointer.gguf", "git lfs pull"),
          Map.entry("directory.gguf", "is a folder that holds no model"),
          Map.entry("split-00001-of-00002.gguf", "one of 2 parts of a split model"),
          Map.entry("nan-scale.gguf", "\"blk.0.ffn_up.weight\" (Q8_0) holds NaN"),
          Map.entry("inf-scale.gguf", "\"blk.0.ffn_up.weight\" (Q8_0) holds infinite values"),
          Map.entry("nan-norm.gguf", "\"output_norm.weight\" (F32) holds NaN"),
          Map.entry("no-architecture.gguf", "general.architecture is missing"),
          Map.entry("architecture-unknown.gguf", "architecture \"rwkv6\" is not supported"),
          Map.entry("no-block-count.gguf", "llama.block_count is missing"),
          Map.entry("block-count-huge.gguf", "no tensors of block 1"),
          Map.entry("block-count-string.gguf", "llama.block_count is STRING"),
          Map.entry("block-count-0.gguf", "llama.block_count must be from 1"),
          Map.entry("head-count-0.gguf", "llama.attention.head_count must be from 1"),
          Map.entry("head-count-kv-0.gguf", "llama.attention.head_count_kv must be from 1"),
          Map.entry("head-count-kv-uneven.gguf", "is not a multiple of"),
          Map.entry("no-eps.gguf", "llama.attention.layer_norm_rms_epsilon is missing"),
          Map.entry("embedding-length.gguf", "has rows of 32"),
          Map.entry("tensor-missing.gguf", "has no tensor blk.0.ffn_gate.weight"),
          Map.entry("tensor-transposed.gguf", "tensor blk.0.ffn_down.weight has shape"),
          Map.entry("token-count-less.gguf", "263 tokens, but token_embd.weight 265 rows"),
          Map.entry("token-count-more.gguf", "268 tokens, but token_embd.weight 265 rows"),
          Map.entry("token-types-short.gguf", "token_type has"),
          Map.entry("token-repeated.gguf", "is there twice"),
          Map.entry("tokens-not-strings.gguf", "tokenizer.ggml.tokens is an array of"),
          Map.entry("no-tokens.gguf", "tokenizer.ggml.tokens is missing"),
          Map.entry("no-merges.gguf", "tokenizer.ggml.merges is missing"),
          Map.entry("merges-unknown.gguf", "is not in the vocabulary"),
          Map.entry("merges-malformed.gguf", "is not two tokens"),
          Map.entry("bos-out-of-range.gguf", "is not in the vocabulary of 265"),
          Map.entry("tokenizer-unknown.gguf", "tokenizer 'rwkv' is not supported"),
          Map.entry("pre-tokenizer-unknown.gguf", "pre-tokenizer 'no-such-thing' is not known"),
          Map.entry("spm-no-scores.gguf", "tokenizer.ggml.scores is missing"));

  @TestFactory
  java.util.stream.Stream<DynamicTest> everyFaultIsNamed() {
    return new TreeSet<>(FAULTS.keySet())
        .stream().map(name -> DynamicTest.dynamicTest(name, () -> faultIsNamed(name)));
  }

  private static void faultIsNamed(String name) {
    Path file = SharedData.require("gguf/broken/" + name);
    assertThat(catchThrowable(() -> open(file)))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(FAULTS.get(name))
        .message()
        .doesNotContain("\n", "Exception", "org.treepo4j")
        .hasSizeLessThan(700);
  }

  /** As a command opens a model: all that is cheap to refuse first. */
  private static void open(Path file) throws IOException {
    try (ModelSource model = ModelSource.open(file)) {
      WeightsLoader.check(model);
      ModelTokenizer.open(file);
      WeightsLoader.load(model);
    }
  }

  @Test
  void noFaultIsForgotten() throws IOException {
    Path expected = SharedData.require("gguf/broken/expected.json");
    assertThat(new ObjectMapper().readTree(expected.toFile()).fieldNames())
        .toIterable()
        .containsExactlyInAnyOrderElementsOf(FAULTS.keySet());
  }
}
