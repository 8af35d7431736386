package org.treepo4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.WeightStorage;

class SamplingBenchTest {
  private static final EngineOptions OPTIONS = new EngineOptions("vector", WeightStorage.F32, 1);

  @Test
  void treesShareWhatIndependentSamplesDoNot() {
    List<String> told = new ArrayList<>();
    List<SamplingEntry> entries;
    try (CausalLm lm = Engines.open(RandomWeights.create(endless(256), 1), OPTIONS)) {
      entries = new SamplingBench(40, 0.01, told::add).run("vector f32", "small", lm);
    }
    assertThat(entries)
        .extracting(SamplingEntry::sampling)
        .containsExactly("independent, prompt each", "independent", "tree", "tree, branching 1..2");
    assertThat(told).hasSameSizeAs(entries);
    assertThat(entries)
        .allSatisfy(
            entry -> {
              assertThat(entry.trajectories()).isEqualTo(16);
              assertThat(entry.trajectoryTokens()).isEqualTo(16 * 128);
              assertThat(entry.promptTokens()).isEqualTo(40);
              assertThat(entry.trajectoriesPerSecond()).isPositive();
            });
    // The prompt, and all but the last token of every trajectory.
    assertThat(entries.get(0).computedTokens()).isEqualTo(16 * (40 + 128 - 1));
    assertThat(entries.get(1).computedTokens()).isLessThanOrEqualTo(40 + 16 * (128 - 1));
    assertThat(entries.get(2).computedTokens()).isLessThanOrEqualTo(40 + 94 * 16 - 16);
    assertThat(entries.get(0).speedup()).isCloseTo(1, within(1e-12));
    assertThat(entries.get(0).sharingRatio()).isCloseTo(1, within(1e-12));
    assertThat(entries.get(1).sharingRatio()).isCloseTo(1, within(1e-12));
    // 2 + 4 + 8 + 5·16 segments of 8·16, as nothing ends early.
    assertThat(entries.get(2).sharingRatio()).isCloseTo(94.0 / 128, within(1e-12));
    assertThat(entries.get(3).sharingRatio()).isLessThan(94.0 / 128);
    assertThat(SamplingBench.toTable(entries).lines()).hasSize(1 + entries.size());
  }

  @Test
  void aModelWithoutRoomForTheResponsesIsLeftOut() {
    try (CausalLm lm = Engines.open(RandomWeights.create(endless(128), 1), OPTIONS)) {
      assertThat(new SamplingBench(40, 0.01, line -> {}).run("vector f32", "small", lm)).isEmpty();
    }
  }

  /** A model without an end of sequence. */
  static ModelConfig endless(int positions) {
    return new ModelConfig(
        Architecture.LLAMA,
        32,
        16,
        1,
        2,
        1,
        8,
        32,
        positions,
        1e-5,
        1e4,
        RopeScaling.NONE,
        true,
        false,
        false,
        false,
        -1,
        List.of());
  }
}
