package org.treepo4j.checkpoints.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;

class GgufConfigReaderTest {

  @Test
  void aFactorWhoseTypeIsNotNamedIsLinear() throws IOException {
    for (String key : List.of("llama.rope.scaling.factor", "llama.rope.scale_linear")) {
      assertThat(read(Map.of(key, GgufValue.f32(1.7))).ropeScaling())
          .as(key)
          .isEqualTo(new RopeScaling.Linear(1.7));
    }
  }

  @Test
  void aFactorOfNoneIsPassedOver() throws IOException {
    GgufValue none = GgufValue.text("none");
    GgufValue four = GgufValue.f32(4);
    assertThat(
            read(Map.of("llama.rope.scaling.type", none, "llama.rope.scaling.factor", four))
                .ropeScaling())
        .isEqualTo(RopeScaling.NONE);
    assertThat(read(Map.of("llama.rope.scaling.factor", GgufValue.f32(0))).ropeScaling())
        .isEqualTo(RopeScaling.NONE);
    assertThat(read(Map.of()).ropeScaling()).isEqualTo(RopeScaling.NONE);
  }

  @Test
  void anAttentionFactorIsRefused() throws IOException {
    String key = "llama.rope.scaling.attn_factor";
    assertThat(read(Map.of(key, GgufValue.f32(1))).ropeScaling()).isEqualTo(RopeScaling.NONE);
    assertThatThrownBy(() -> read(Map.of(key, GgufValue.f32(1.2))))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(key + " other than 1 is not supported");
  }

  /** The configuration of a file of one block that says this beside its sizes. */
  private static ModelConfig read(Map<String, GgufValue> more) throws IOException {
    Map<String, GgufValue> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", GgufValue.text("llama"));
    metadata.put("llama.block_count", GgufValue.u32(1));
    metadata.put("llama.context_length", GgufValue.u32(64));
    metadata.put("llama.embedding_length", GgufValue.u32(32));
    metadata.put("llama.feed_forward_length", GgufValue.u32(64));
    metadata.put("llama.attention.head_count", GgufValue.u32(2));
    metadata.put("llama.attention.layer_norm_rms_epsilon", GgufValue.f32(1e-5));
    metadata.putAll(more);
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    for (GgufTensor tensor :
        List.of(
            new GgufTensor("token_embd.weight", GgmlType.F32, List.of(6L, 32L), 0, 768),
            new GgufTensor("blk.0.attn_norm.weight", GgmlType.F32, List.of(32L), 768, 128))) {
      tensors.put(tensor.name(), tensor);
    }
    return GgufConfigReader.read(
        new GgufMetadata(Path.of("m.gguf"), metadata), tensors, name -> new float[0]);
  }
}
