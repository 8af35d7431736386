package org.treepo4j.engines.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

class SameDiffDecoderTest {
  private static final int PROMPT = 60;

  /** A wide residual stream beside narrow heads. */
  private static final ModelConfig CONFIG =
      new ModelConfig(
          Architecture.LLAMA,
          8,
          4096,
          2,
          2,
          1,
          4,
          8,
          64,
          1e-6,
          10_000,
          RopeScaling.NONE,
          false,
          false,
          false,
          true,
          -1,
          List.of());

  private static final long HIDDEN_STATES = 4L * PROMPT * CONFIG.hiddenSize();

  @Test
  void nothingIsLeftInNativeMemoryWhenABlockThrows() {
    Assumptions.assumeTrue(Nd4jBackends.present() == Nd4jBackends.Kind.CPU);
    String broken = TensorNames.ofLayer(1, TensorNames.UP);
    List<Parameter> parameters = new ArrayList<>();
    for (Parameter parameter : RandomWeights.create(CONFIG, 1).parameters()) {
      int[] shape = parameter.shape();
      parameters.add(
          parameter.name().equals(broken)
              ? new Parameter(broken, new int[] {shape[0], 1}, new float[shape[0]], true)
              : parameter);
    }
    int[] prompt = new int[PROMPT];
    Arrays.fill(prompt, 1);
    Weights weights = new Weights(CONFIG, parameters);
    try (SameDiffCausalLm model = new SameDiffCausalLm(weights);
        BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
      assertThatThrownBy(() -> decoder.prefill(prompt)).isInstanceOf(RuntimeException.class);
      long before = Pointer.totalBytes();
      for (int i = 0; i < 20; i++) {
        assertThatThrownBy(() -> decoder.prefill(prompt)).isInstanceOf(RuntimeException.class);
      }
      // Beside small arrays that wait for the garbage collector, at most one of hidden states.
      assertThat(Pointer.totalBytes() - before).isLessThan(2 * HIDDEN_STATES);
    }
  }
}
