package org.treepo4j.engines.vector;

import java.util.Objects;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.model.engine.WeightStorage;

/** How the vector engine uses the machine. */
public record VectorOptions(
    @Setting("threads of the engine, the calling one included") int threads,
    @Setting("weight storage of decoders: f32, or bf16 to read half the memory")
        WeightStorage weights,
    @Setting("whether training computes activations twice instead of keeping them")
        boolean recomputeActivations) {

  public VectorOptions {
    if (threads <= 0) {
      throw new IllegalArgumentException("threads must be positive, was " + threads);
    }
    Objects.requireNonNull(weights, "weights");
  }

  /** All processors, float32, activations kept. */
  public static VectorOptions defaults() {
    return new VectorOptions(Runtime.getRuntime().availableProcessors(), WeightStorage.F32, false);
  }
}
