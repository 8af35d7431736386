package org.treepo4j.model.engine;

import java.util.Arrays;
import java.util.Locale;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.TensorNames;

/**
 * The memory that a use of a model surely comes to, in bytes, known before its weights are read.
 *
 * @param weights in float32
 * @param gradients of the weights, where they are asked for
 * @param decoder the matrices as sampling reads them
 * @param cache keys and values of what is certainly sampled
 */
public record MemoryNeed(long weights, long gradients, long decoder, long cache) {

  /** To score texts, perhaps with gradients. */
  public static MemoryNeed toScore(ModelConfig config, boolean withGradients) {
    long weights = weights(config);
    return new MemoryNeed(weights, withGradients ? weights : 0, 0, 0);
  }

  /** To sample one path of so many tokens. */
  public static MemoryNeed toSample(ModelConfig config, EngineOptions options, long tokens) {
    Engine.Memory memory = Engines.choose(options).memory(config, options, Engine.Trained.NOTHING);
    return new MemoryNeed(
        weights(config), 0, memory.copy() + memory.decoderWeights(), tokens * memory.cachedToken());
  }

  private static long weights(ModelConfig config) {
    return Float.BYTES
        * TensorNames.shapes(config).values().stream()
            .mapToLong(shape -> Arrays.stream(shape).asLongStream().reduce(1, (a, b) -> a * b))
            .sum();
  }

  /** All of it. */
  public long total() {
    return weights + gradients + decoder + cache;
  }

  /**
   * @param what needs it
   * @param limit bytes the JVM may use
   * @throws InputException when it needs more
   */
  public void require(String what, long limit) {
    if (total() > limit) {
      throw new InputException(
          "memory: %s needs about %s (%s of it weights), the JVM may use %s; take bf16 weights to sample, or give the JVM more (TREEPO_JAVA_OPTS=-Xmx…)"
              .formatted(what, gigabytes(total()), gigabytes(weights), gigabytes(limit)));
    }
  }

  /** "12 MB" or "3.4 GB". */
  public static String gigabytes(long bytes) {
    return bytes < 1L << 30
        ? String.format(Locale.ROOT, "%,d MB", (bytes + (1 << 20) - 1) >> 20)
        : String.format(Locale.ROOT, "%.1f GB", bytes / (double) (1L << 30));
  }
}
