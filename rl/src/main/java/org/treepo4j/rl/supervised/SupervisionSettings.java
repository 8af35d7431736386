package org.treepo4j.rl.supervised;

import org.treepo4j.base.settings.Setting;

/** The loop of a supervised run. */
public record SupervisionSettings(
    @Setting(value = "passes over the corpus", mayChange = true, max = 1e5) int epochs,
    @Setting(
            value =
                "tokens per optimiser update; examples are packed into it without seeing each other",
            max = 1 << 26)
        int batchTokens,
    @Setting(
            value = "tokens per forward and backward pass; bounds memory, not the result",
            mayChange = true,
            max = 1 << 26)
        int microBatchTokens,
    @Setting(
            value = "updates between two validation losses; 0 for one at the end",
            mayChange = true)
        int validateEverySteps,
    @Setting(value = "longest example in tokens; longer ones are cut", max = 1 << 22) int maxTokens,
    @Setting(
            value = "updates in a row that may be skipped for a NaN or infinite gradient",
            mayChange = true,
            max = 1e6)
        int maxSkippedUpdates) {

  public static SupervisionSettings defaults() {
    return new SupervisionSettings(1, 8192, 8192, 100, 2048, 3);
  }

  public SupervisionSettings {
    positive("epochs", epochs);
    positive("batchTokens", batchTokens);
    positive("microBatchTokens", microBatchTokens);
    if (validateEverySteps < 0) {
      throw new IllegalArgumentException(
          "validateEverySteps must not be negative, was " + validateEverySteps);
    }
    positive("maxTokens", maxTokens);
    positive("maxSkippedUpdates", maxSkippedUpdates);
  }

  private static void positive(String name, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive, was " + value);
    }
  }
}
