package org.treepo4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.WeightStorage;

class BenchTest {

  @Test
  void everyMeasurementHasItsFractionOfTheLimit() throws IOException {
    EngineOptions f32 = new EngineOptions("vector", WeightStorage.F32, 2);
    EngineOptions bf16 = new EngineOptions("vector", WeightStorage.BF16, 2);
    BenchPlan plan =
        new BenchPlan(
            List.of(f32, bf16),
            List.of(BenchModel.random(BenchShape.TINY)),
            List.of(1, 3),
            0.05,
            32);
    List<String> told = new ArrayList<>();
    List<String> opened = new ArrayList<>();
    BenchReport report =
        new Bench(plan, told::add, (engine, model, lm) -> opened.add(engine + " " + model)).run();
    assertThat(report.limits().fmaGflops()).isPositive();
    assertThat(report.limits().gemmGflops()).isPositive();
    assertThat(report.limits().readGigabytesPerSecond()).isPositive();
    assertThat(report.entries())
        .extracting(entry -> entry.engine() + " " + entry.work() + " " + entry.batch())
        .containsExactly(
            "vector f32 decode 1",
            "vector f32 decode 3",
            "vector f32 prefill 256",
            "vector f32 decode shared 16",
            "vector f32 decode unshared 16",
            "vector f32 sample shared 16",
            "vector f32 sample unshared 16",
            "vector f32 train 512",
            "vector f32 train lora 512",
            "vector bf16 decode 1",
            "vector bf16 decode 3",
            "vector bf16 prefill 256",
            "vector bf16 decode shared 16",
            "vector bf16 decode unshared 16",
            "vector bf16 sample shared 16",
            "vector bf16 sample unshared 16");
    assertThat(report.entries())
        .allSatisfy(
            entry -> {
              assertThat(entry.tokensPerSecond()).isPositive();
              assertThat(entry.fraction()).isPositive();
              assertThat(entry.bestMilliseconds()).isLessThanOrEqualTo(entry.milliseconds());
            });
    assertThat(opened).containsExactly("vector f32 tiny", "vector bf16 tiny");
    assertThat(told).hasSize(2 + report.entries().size());
    assertThat(report.toTable().lines()).hasSize(3 + report.entries().size());
  }
}
