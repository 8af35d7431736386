package org.treepo4j.engines.vector;

import java.util.Objects;
import java.util.OptionalLong;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.model.engine.WeightStorage;

/** How the vector engine uses the machine. */
public record VectorOptions(
    @Setting("threads of the engine, the calling one included") int threads,
    @Setting("weight storage of decoders: f32, or bf16 to read half the memory")
        WeightStorage weights,
    @Setting("most bytes of activations that training keeps rather than computes twice")
        OptionalLong keptActivations) {

  public VectorOptions {
    if (threads <= 0) {
      throw new IllegalArgumentException("threads must be positive, was " + threads);
    }
    Objects.requireNonNull(weights, "weights");
    Objects.requireNonNull(keptActivations, "keptActivations");
  }

  /** All processors, float32, activations as the size of the model suggests. */
  public static VectorOptions defaults() {
    return of(Runtime.getRuntime().availableProcessors(), WeightStorage.F32);
  }

  /** Activations as the size of the model suggests. */
  public static VectorOptions of(int threads, WeightStorage weights) {
    return new VectorOptions(threads, weights, OptionalLong.empty());
  }
}
