package org.treepo4j.engines.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.engines.vector.VectorCausalLm;
import org.treepo4j.engines.vector.VectorOptions;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.Engine;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.WeightStorage;

class OneDnnEngineTest {
  private static final String SYSTEM = "Linux amd64";
  private static final String CPU = "flags\t\t: fpu avx512f avx512_bf16 clzero\n";

  @Test
  void settingsFindItByNameAndAutoDoesNot() {
    assertThat(Engines.present()).extracting(Engine::name).contains("vector-onednn", "vector");
    assertThat(Engines.choose(EngineOptions.defaults()).name()).isNotEqualTo("vector-onednn");
  }

  @Test
  void whatIsMissingIsNamed() {
    assertThat(OneDnnEngine.problem(WeightStorage.BF16, SYSTEM, 64, CPU, "1")).isEmpty();
    assertThat(OneDnnEngine.problem(WeightStorage.F32, SYSTEM, 64, "flags : sse", "1")).isEmpty();
    assertThat(OneDnnEngine.problem(WeightStorage.BF16, SYSTEM, 64, "flags : sse", "1"))
        .get()
        .asString()
        .contains("AVX512_BF16", "engine vector", "weights f32");
    assertThat(OneDnnEngine.problem(WeightStorage.F32, "Mac OS X aarch64", 16, "", "1"))
        .get()
        .asString()
        .contains("Linux on x86-64 with AVX-512", "Mac OS X aarch64");
    assertThat(OneDnnEngine.problem(WeightStorage.F32, SYSTEM, 16, CPU, "1")).isPresent();
    assertThat(OneDnnEngine.problem(WeightStorage.F32, SYSTEM, 64, CPU, null))
        .get()
        .asString()
        .contains("OMP_NUM_THREADS=1", "was unset");
  }

  /** Inputs of all products are rounded to 8 bits, which the vector engine leaves in float32. */
  @Test
  void bf16GivesTheVectorEnginesLogitsUpToItsRounding() {
    Hardware.require(WeightStorage.BF16);
    VectorOptions options = VectorOptions.of(2, WeightStorage.BF16);
    for (TinyModels family : TinyModels.values()) {
      Weights weights = family.weights(3);
      int[] prompt = new Random(5).ints(40, 0, weights.config().vocabSize()).toArray();
      try (CausalLm plain = new VectorCausalLm(weights, options);
          CausalLm fast = new VectorCausalLm(weights, options, new OneDnnMatrices(2, 0));
          BranchingDecoder one = plain.decoder(DecoderOptions.defaults());
          BranchingDecoder other = fast.decoder(DecoderOptions.defaults())) {
        float[] expected = one.nextLogits(List.of(one.prefill(prompt)))[0];
        float[] actual = other.nextLogits(List.of(other.prefill(prompt)))[0];
        double error = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
          error += Math.pow(actual[i] - expected[i], 2);
          size += Math.pow(expected[i], 2);
        }
        assertThat(Math.sqrt(error / size)).as(family.name()).isLessThan(0.05);
      }
    }
  }
}
