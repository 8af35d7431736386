package org.treepo4j.checkpoints.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.checkpoints.SafetensorsFile;
import org.treepo4j.checkpoints.TensorInfo;
import org.treepo4j.testsupport.SharedData;

class GgmlTypeTest {

  /** Compares with what ggml's reference gives, NaNs aside bit for bit. */
  @ParameterizedTest
  @ValueSource(strings = {"quants", "quants-more"})
  void tensorsAreDequantisedBitForBit(String name) throws IOException {
    Set<GgmlType> compared = new TreeSet<>();
    try (GgufFile file = GgufFile.open(SharedData.require("gguf/" + name + ".gguf"));
        SafetensorsFile expected =
            SafetensorsFile.open(SharedData.require("gguf/" + name + ".safetensors"))) {
      assertThat(file.tensors().keySet()).isEqualTo(expected.tensors().keySet());
      for (TensorInfo tensor : expected.tensors().values()) {
        assertThat(file.tensors().get(tensor.name()).shape()).isEqualTo(tensor.shape());
        assertThat(bits(file.readFloats(tensor.name())))
            .as(tensor.name())
            .isEqualTo(bits(expected.readFloats(tensor.name())));
        compared.add(file.tensors().get(tensor.name()).type());
      }
    }
    assertThat(compared).hasSize(name.equals("quants") ? 14 : 9);
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }
}
