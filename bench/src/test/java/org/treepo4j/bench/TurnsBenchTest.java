package org.treepo4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.WeightStorage;

class TurnsBenchTest {

  @Test
  void everyEngineDoesTheSameWork() throws IOException {
    EngineOptions f32 = new EngineOptions("vector", WeightStorage.F32, 1);
    BenchPlan plan =
        new BenchPlan(
            List.of(f32, f32.withWeights(WeightStorage.BF16)),
            List.of(BenchModel.random(BenchShape.TINY)),
            List.of(1, 3),
            0.01,
            0);
    List<TurnsBench.Result> results = new TurnsBench(plan, line -> {}).run();
    assertThat(results)
        .extracting(result -> result.engine() + " " + result.work() + " " + result.batch())
        .containsExactly(
            "vector f32 decode 1",
            "vector bf16 decode 1",
            "vector f32 decode 3",
            "vector bf16 decode 3",
            "vector f32 prefill 256",
            "vector bf16 prefill 256");
    assertThat(results).allSatisfy(result -> assertThat(result.tokensPerSecond()).isPositive());
    assertThat(results.get(0).relative()).isEqualTo(1);
    assertThat(TurnsBench.toTable(results)).hasLineCount(7).contains("vector bf16");
  }
}
