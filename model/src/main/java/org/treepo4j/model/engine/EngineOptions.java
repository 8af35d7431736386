package org.treepo4j.model.engine;

import java.util.Locale;
import java.util.Objects;
import org.treepo4j.base.settings.Setting;

/** Which engine computes, and how. */
public record EngineOptions(
    @Setting(
            value =
                "auto (the best that can run here), or the name of an engine: vector, cuda,"
                    + " samediff, or another on the class path",
            mayChange = true)
        String engine,
    @Setting(
            "weight storage while sampling: f32, or bf16 to read half the memory (not samediff;"
                + " cuda trains with it, too)")
        WeightStorage weights,
    @Setting(value = "threads of the vector engine, 0 for all processors", mayChange = true)
        int threads) {
  /** Leaves the choice to {@link Engines#choose}. */
  public static final String AUTO = "auto";

  private static final int MAX_THREADS = 1024;

  /** The engine that suits the machine, in float32 on all processors. */
  public static EngineOptions defaults() {
    return new EngineOptions(AUTO, WeightStorage.F32, 0);
  }

  public EngineOptions {
    engine = engine.toLowerCase(Locale.ROOT);
    Objects.requireNonNull(weights, "weights");
    if (threads < 0) {
      throw new IllegalArgumentException("threads must not be negative, was " + threads);
    }
    if (threads > MAX_THREADS) {
      throw new IllegalArgumentException(
          "threads must be at most " + MAX_THREADS + ", was " + threads);
    }
  }

  /** The same with another engine. */
  public EngineOptions withEngine(String name) {
    return new EngineOptions(name, weights, threads);
  }

  /** The same with another weight storage. */
  public EngineOptions withWeights(WeightStorage storage) {
    return new EngineOptions(engine, storage, threads);
  }

  /** The same with another number of threads. */
  public EngineOptions withThreads(int count) {
    return new EngineOptions(engine, weights, count);
  }

  /** Threads to use: {@link #threads}, or all processors. */
  public int threadCount() {
    return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
  }

  /** Engine and weight storage as reports name them, for example {@code vector bf16}. */
  public String title() {
    return engine + " " + weights.name().toLowerCase(Locale.ROOT);
  }
}
