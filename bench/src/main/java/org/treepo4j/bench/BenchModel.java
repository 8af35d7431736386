package org.treepo4j.bench;

import java.io.IOException;
import org.treepo4j.model.Weights;

/**
 * A model to measure.
 *
 * @param shape its sizes
 * @param weights gives its weights when its turn comes
 */
public record BenchModel(BenchShape shape, WeightsSource weights) {

  /** Where weights come from. */
  @FunctionalInterface
  public interface WeightsSource {
    Weights open() throws IOException;
  }

  /** With random weights. */
  public static BenchModel random(BenchShape shape) {
    return new BenchModel(shape, () -> BenchWeights.create(shape.config()));
  }
}
