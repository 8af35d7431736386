package org.treepo4j.engines.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class GpuCheckTest {
  private static final String ANSWER =
      """
      0, GPU-1a2b3c, 8.9, 24564, NVIDIA GeForce RTX 4090
      1, GPU-4d5e6f, 9.0, 81559, NVIDIA H100 PCIe
      2, GPU-7a8b9c, [N/A], [N/A], Tesla, K20
      """;

  private static GpuCheck of(Gpu... gpus) {
    return new GpuCheck(List.of(gpus), null);
  }

  @Test
  void readsTheAnswerOfTheDriver() {
    assertThat(GpuCheck.parse(ANSWER))
        .containsExactly(
            new Gpu(0, "GPU-1a2b3c", "NVIDIA GeForce RTX 4090", 8, 9, 24564),
            new Gpu(1, "GPU-4d5e6f", "NVIDIA H100 PCIe", 9, 0, 81559),
            new Gpu(2, "GPU-7a8b9c", "Tesla, K20", -1, 0, 0));
    assertThat(GpuCheck.parse("No devices were found")).isEmpty();
  }

  @Test
  void onlyCapabilitiesFrom37To89AreUsable() {
    for (int[] usable : new int[][] {{3, 7}, {5, 0}, {7, 5}, {8, 0}, {8, 9}}) {
      assertThat(new Gpu(0, "u", "g", usable[0], usable[1], 1).usable()).isTrue();
    }
    for (int[] unusable : new int[][] {{-1, 0}, {3, 5}, {9, 0}, {10, 0}, {12, 0}}) {
      assertThat(new Gpu(0, "u", "g", unusable[0], unusable[1], 1).usable()).isFalse();
    }
  }

  @Test
  void namesTheProblemInOneLine() {
    Gpu good = new Gpu(0, "u", "Tesla V100", 7, 0, 1);
    Gpu hopper = new Gpu(1, "u", "NVIDIA H100", 9, 0, 1);
    assertThat(of(good).problem()).isEmpty();
    assertThat(of(hopper).problem().orElseThrow())
        .contains("NVIDIA H100 (compute capability 9.0)", "3.7 to 8.9")
        .doesNotContain("\n", "CUDA_VISIBLE_DEVICES");
    assertThat(of(good, hopper).problem().orElseThrow()).contains("CUDA_VISIBLE_DEVICES");
    assertThat(of().problem().orElseThrow()).contains("no GPU is visible");
    assertThat(new GpuCheck(List.of(), "no driver").problem().orElseThrow()).contains("no driver");
  }

  @Test
  void looksOnlyAtVisibleDevices() {
    List<Gpu> gpus = GpuCheck.parse(ANSWER);
    assertThat(GpuCheck.visible(gpus, null)).hasSize(3);
    assertThat(GpuCheck.visible(gpus, "0")).extracting(Gpu::index).containsExactly(0);
    assertThat(GpuCheck.visible(gpus, "GPU-4d, 0")).extracting(Gpu::index).containsExactly(0, 1);
    assertThat(GpuCheck.visible(gpus, "")).isEmpty();
    assertThat(GpuCheck.visible(gpus, "-1")).isEmpty();
  }
}
