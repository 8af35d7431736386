package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.Design.Layer;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;

class VectorMemoryTest {

  @ParameterizedTest
  @EnumSource(
      value = Architecture.class,
      names = {"LLAMA", "QWEN3", "QWEN3_5", "QWEN3_MOE"})
  void whatATokenTakesIsWhatAPassReserves(Architecture architecture) {
    Design design =
        switch (architecture) {
          case QWEN3_5 ->
              Design.PLAIN.withHybridLayers(
                  List.of(Layer.LINEAR, Layer.PLAIN, Layer.LINEAR), new DeltaRule(2, 4, 6, 5, 4));
          case QWEN3_MOE -> Design.PLAIN.withExperts(new Experts(5, 2, 11, true));
          default -> Design.PLAIN;
        };
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
            architecture != Architecture.LLAMA,
            true,
            -1,
            List.of(),
            design);
    int rows = 7;
    for (int blocks = 0; blocks < 5; blocks++) {
      Activations activations = new Activations();
      int kept = Math.min(blocks, config.layers() - 1);
      long numbers = IntStream.range(0, kept).mapToLong(i -> VectorMemory.inner(config, i)).sum();
      long bytes = numbers * rows * Float.BYTES;
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
          (config.layers() + 2L) * config.hiddenSize() + 1 + VectorMemory.inner(config) + numbers;
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
            layer.normalizers.greatest,
            layer.normalizers.inverse,
            layer.middle,
            layer.middleInverse,
            layer.attentionGate,
            layer.experts.gate,
            layer.experts.up,
            layer.experts.choice.probabilities,
            layer.experts.choice.weights,
            new float[layer.experts.choice.chosen.length],
            new float[layer.experts.choice.places.length],
            layer.delta.mixed,
            layer.delta.gate,
            layer.delta.beta,
            layer.delta.decay,
            layer.delta.out,
            layer.delta.inverse,
            layer.gate,
            layer.up)
        .stream()
        .mapToLong(array -> array.length)
        .sum();
  }
}
