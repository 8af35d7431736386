package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;

class VectorMemoryTest {

  @ParameterizedTest
  @EnumSource(
      value = Architecture.class,
      names = {"LLAMA", "QWEN3"})
  void whatATokenTakesIsWhatAPassReserves(Architecture architecture) {
    ModelConfig config =
        new ModelConfig(
            architecture,
            50,
            24,
            3,
            4,
            2,
            6,
            40,
            64,
            1e-6,
            10_000,
            RopeScaling.NONE,
            false,
            false,
            architecture == Architecture.QWEN3,
            true,
            -1,
            List.of());
    int rows = 7;
    for (int blocks = 0; blocks < 5; blocks++) {
      Activations activations = new Activations();
      long bytes = blocks * rows * Float.BYTES * VectorMemory.inner(config);
      activations.reserve(config, rows, true, bytes);
      LongStream streams =
          IntStream.rangeClosed(0, config.layers())
              .mapToLong(layer -> activations.stream(layer).length);
      // Sets of blocks, each set once.
      LongStream layers =
          IntStream.range(0, config.layers())
              .mapToObj(activations::layer)
              .distinct()
              .mapToLong(VectorMemoryTest::floats);
      long reserved =
          LongStream.concat(streams, layers).sum()
              + activations.hidden.length
              + activations.inverse.length;
      long expected =
          (config.layers() + 2L) * config.hiddenSize()
              + 1
              + VectorMemory.inner(config) * Math.min(config.layers(), 1 + blocks);
      assertThat(reserved).isEqualTo(rows * expected);
    }
  }

  private static long floats(LayerActivations layer) {
    return List.of(
            layer.inputInverse,
            layer.q,
            layer.k,
            layer.v,
            layer.rawQ,
            layer.rawK,
            layer.queryInverse,
            layer.keyInverse,
            layer.attended,
            layer.logSums,
            layer.middle,
            layer.middleInverse,
            layer.gate,
            layer.up)
        .stream()
        .mapToLong(array -> array.length)
        .sum();
  }
}
