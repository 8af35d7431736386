package org.treepo4j.bench;

import java.util.List;
import org.treepo4j.model.engine.EngineOptions;

/**
 * What to measure.
 *
 * @param engines engines side by side; {@code auto} is resolved first
 * @param models models
 * @param batches numbers of paths to decode at once
 * @param secondsEach time for one measurement, warm-up included; one step is always made
 * @param sharedPrefix tokens of the prompt that 16 paths share or each have alone, 0 to leave it
 *     out
 */
public record BenchPlan(
    List<EngineOptions> engines,
    List<BenchModel> models,
    List<Integer> batches,
    double secondsEach,
    int sharedPrefix) {

  public BenchPlan {
    engines = List.copyOf(engines);
    models = List.copyOf(models);
    batches = List.copyOf(batches);
    if (engines.isEmpty() || models.isEmpty()) {
      throw new IllegalArgumentException("engines and models must not be empty");
    }
    for (int batch : batches) {
      if (batch <= 0) {
        throw new IllegalArgumentException("batches must be positive, was " + batch);
      }
    }
    if (!(secondsEach > 0)) {
      throw new IllegalArgumentException("secondsEach must be positive, was " + secondsEach);
    }
    if (sharedPrefix < 0) {
      throw new IllegalArgumentException("sharedPrefix must not be negative, was " + sharedPrefix);
    }
  }
}
