package org.treepo4j.model.engine;

import java.util.Locale;
import java.util.Objects;
import org.treepo4j.model.Setting;
import org.treepo4j.model.vector.VectorOptions;
import org.treepo4j.model.vector.WeightStorage;

/**
 * Which engine computes, and how.
 *
 * @param engine the engine
 * @param weights how decoders of the vector engine store the weights
 * @param threads threads of the vector engine, 0 for all processors
 */
public record EngineOptions(
    @Setting("engine: auto (samediff on a usable GPU, else vector), samediff or vector")
        EngineName engine,
    @Setting("weight storage while sampling: f32, or bf16 to read half the memory (vector only)")
        WeightStorage weights,
    @Setting("threads of the vector engine, 0 for all processors") int threads) {

  /** The engine that suits the machine, in float32 on all processors. */
  public static EngineOptions defaults() {
    return new EngineOptions(EngineName.AUTO, WeightStorage.F32, 0);
  }

  public EngineOptions {
    Objects.requireNonNull(engine, "engine");
    Objects.requireNonNull(weights, "weights");
    if (threads < 0) {
      throw new IllegalArgumentException("threads must not be negative, was " + threads);
    }
    if (engine == EngineName.SAMEDIFF && weights == WeightStorage.BF16) {
      throw new IllegalArgumentException(
          "weights must be f32 with the samediff engine; bf16 is the vector engine's");
    }
  }

  /** The same with another engine. */
  public EngineOptions withEngine(EngineName other) {
    return new EngineOptions(other, weights, threads);
  }

  VectorOptions vector() {
    VectorOptions all = VectorOptions.defaults();
    return new VectorOptions(
        threads == 0 ? all.threads() : threads, weights, all.recomputeActivations());
  }

  /** Engine and weight storage as reports name them, for example {@code vector bf16}. */
  public String title() {
    String name = engine.name().toLowerCase(Locale.ROOT);
    return engine == EngineName.VECTOR
        ? name + " " + weights.name().toLowerCase(Locale.ROOT)
        : name;
  }
}
