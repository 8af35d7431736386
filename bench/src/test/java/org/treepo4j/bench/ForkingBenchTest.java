package org.treepo4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.WeightStorage;

class ForkingBenchTest {
  private static final EngineOptions OPTIONS = new EngineOptions("vector", WeightStorage.F32, 1);

  @Test
  void bothWaysSampleTheSameTokensAndLazyForkingComputesNoMore() {
    List<ForkingBench.Result> results;
    try (CausalLm lm =
        Engines.open(RandomWeights.create(SamplingBenchTest.endless(256), 1), OPTIONS)) {
      results =
          new ForkingBench(0.01, line -> {})
              .run("vector f32", "small", lm, new int[] {1, 2, 3, 4, 5});
    }
    assertThat(results)
        .extracting(ForkingBench.Result::sampling)
        .containsExactly("independent", "tree", "independent", "tree");
    assertThat(results)
        .extracting(ForkingBench.Result::temperature)
        .containsExactly(1.0, 1.0, 0.7, 0.7);
    assertThat(results)
        .allSatisfy(
            result -> {
              assertThat(result.trajectoryTokens()).isEqualTo(16 * 128);
              assertThat(result.lazyComputed()).isLessThanOrEqualTo(result.eagerComputed());
              assertThat(result.gain()).isPositive();
            });
    // The prompt once, and all but the last token of every trajectory.
    assertThat(results.get(0).eagerComputed()).isEqualTo(5 + 16 * 127);
    assertThat(ForkingBench.toTable(results).lines()).hasSize(1 + results.size());
  }

  @Test
  void aModelWithoutRoomForAResponseIsLeftOut() {
    try (CausalLm lm =
        Engines.open(RandomWeights.create(SamplingBenchTest.endless(4), 1), OPTIONS)) {
      assertThat(new ForkingBench(0.01, line -> {}).run("e", "m", lm, new int[4])).isEmpty();
    }
  }
}
