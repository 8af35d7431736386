package org.treepo4j.model.engine;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.EngineUnavailableException;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;

/** Finds the engines on the class path and opens models with the one that the options ask for. */
public final class Engines {
  private static final Logger LOG = LoggerFactory.getLogger(Engines.class);

  private Engines() {}

  /** All engines on the class path, by name. */
  public static List<Engine> present() {
    return ServiceLoader.load(Engine.class, Engines.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparing(Engine::name))
        .toList();
  }

  /**
   * Loads the weights of a Hugging Face folder or a GGUF file and opens an engine on them.
   *
   * @throws IOException when it is none, or its tensors are not those of its configuration
   * @throws EngineUnavailableException when the engine cannot run here
   */
  public static CausalLm open(Path model, EngineOptions options) throws IOException {
    try (ModelSource opened = ModelSource.open(model)) {
      Engine engine = choose(options, opened.config());
      return engine.open(WeightsLoader.load(opened), options.withEngine(engine.name()));
    }
  }

  /**
   * Opens an engine on weights at hand.
   *
   * @throws EngineUnavailableException when the engine cannot run here
   */
  public static CausalLm open(Weights weights, EngineOptions options) {
    Engine engine = choose(options, weights.config());
    return engine.open(weights, options.withEngine(engine.name()));
  }

  /**
   * An engine that can run here, as {@link #choose(EngineOptions, ModelConfig)}, whatever the
   * model.
   *
   * @throws EngineUnavailableException when no engine of that name is on the class path, or it
   *     cannot run here with these options
   */
  public static Engine choose(EngineOptions options) {
    return choose(options, engine -> engine.problem(options));
  }

  /**
   * The engine that {@link #open} will take. Says so in the log when {@code auto} passes over one
   * of a higher rank.
   *
   * @throws EngineUnavailableException when no engine of that name is on the class path, or it
   *     cannot run here with these options, or not this model
   */
  public static Engine choose(EngineOptions options, ModelConfig config) {
    return choose(options, engine -> engine.problem(options).or(() -> engine.problem(config)));
  }

  private static Engine choose(EngineOptions options, Function<Engine, Optional<String>> problems) {
    List<Engine> present = present();
    if (!options.engine().equals(EngineOptions.AUTO)) {
      Engine engine =
          present.stream()
              .filter(found -> found.name().equals(options.engine()))
              .findFirst()
              .orElseThrow(
                  () ->
                      new EngineUnavailableException(
                          "engine: expected auto"
                              + present.stream()
                                  .map(found -> ", " + found.name())
                                  .collect(Collectors.joining())
                              + ", was "
                              + options.engine()
                              + "; docs/install.md tells how an engine is added"));
      problems.apply(engine).ifPresent(Engines::refuse);
      return engine;
    }
    String lastProblem = "no engine is on the class path: add treepo4j-engine-vector";
    for (Engine engine :
        present.stream()
            .filter(found -> found.autoRank() >= 0)
            .sorted(Comparator.comparingInt(Engine::autoRank).reversed())
            .toList()) {
      Optional<String> problem = problems.apply(engine);
      if (problem.isEmpty()) {
        return engine;
      }
      LOG.warn("{}; another engine is used instead if there is one", problem.get());
      lastProblem = problem.get();
    }
    throw new EngineUnavailableException(lastProblem);
  }

  private static void refuse(String problem) {
    throw new EngineUnavailableException(problem);
  }
}
