package org.treepo4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.WeightStorage;

class ServingBenchTest {
  private static final EngineOptions OPTIONS = new EngineOptions("vector", WeightStorage.F32, 1);

  @Test
  void measuresStreamsAndSharedPrompts() {
    try (CausalLm lm = Engines.open(RandomWeights.create(BenchShape.TINY.config(), 1), OPTIONS)) {
      Optional<ServingBench.Result> result =
          new ServingBench(List.of(1, 3), 0.01, line -> {}).run("vector f32", "tiny", lm);
      assertThat(result.orElseThrow().streams())
          .extracting(ServingBench.Result.Streams::clients)
          .containsExactly(1, 3);
      assertThat(result.get().streams())
          .allSatisfy(
              each -> {
                assertThat(each.tokensPerSecond()).isPositive();
                assertThat(each.decoderTokensPerSecond()).isPositive();
                assertThat(each.firstTokenP99()).isGreaterThanOrEqualTo(each.firstTokenMedian());
              });
      assertThat(result.get().unsharedSeconds()).isPositive();
      assertThat(ServingBench.toTable(List.of(result.get())).lines()).hasSize(4);
      try (BranchingDecoder stillOpen = lm.decoder(DecoderOptions.defaults())) {
        assertThat(stillOpen.prefill(new int[] {1}).length()).isEqualTo(1);
      }
    }
  }
}
