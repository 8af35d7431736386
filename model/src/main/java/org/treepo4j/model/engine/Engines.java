package org.treepo4j.model.engine;

import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.EngineUnavailableException;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.model.samediff.Nd4jBackends;
import org.treepo4j.model.samediff.SameDiffCausalLm;
import org.treepo4j.model.vector.VectorApi;
import org.treepo4j.model.vector.VectorCausalLm;

/** Opens models with the engine that the options ask for. */
public final class Engines {
  private static final Logger LOG = LoggerFactory.getLogger(Engines.class);

  private Engines() {}

  /**
   * Loads the weights of a Hugging Face folder and opens an engine on them.
   *
   * @throws IOException when the folder is none, or its tensors are not those of its configuration
   * @throws EngineUnavailableException when the engine cannot run here
   */
  public static CausalLm open(Path folder, EngineOptions options) throws IOException {
    EngineName engine = choose(options);
    try (HfFolder opened = HfFolder.open(folder)) {
      return open(WeightsLoader.load(opened), options.withEngine(engine));
    }
  }

  /**
   * Opens an engine on weights at hand.
   *
   * @throws EngineUnavailableException when the engine cannot run here
   */
  public static CausalLm open(Weights weights, EngineOptions options) {
    return choose(options) == EngineName.SAMEDIFF
        ? new SameDiffCausalLm(weights)
        : new VectorCausalLm(weights, options.vector());
  }

  /**
   * The engine that {@link #open} will take: never {@link EngineName#AUTO}. Says so in the log when
   * a GPU backend is passed over.
   *
   * @throws EngineUnavailableException when the engine asked for cannot run here
   */
  public static EngineName choose(EngineOptions options) {
    switch (options.engine()) {
      case SAMEDIFF -> {
        Nd4jBackends.require();
        return EngineName.SAMEDIFF;
      }
      case VECTOR -> {
        requireVector();
        return EngineName.VECTOR;
      }
      case AUTO -> {
        if (Nd4jBackends.present() == Nd4jBackends.Kind.CUDA) {
          if (Nd4jBackends.problem().isEmpty()) {
            return EngineName.SAMEDIFF;
          }
          LOG.warn("{}; the vector engine is used instead", Nd4jBackends.problem().get());
        }
        requireVector();
        return EngineName.VECTOR;
      }
    }
    throw new AssertionError(options.engine());
  }

  private static void requireVector() {
    if (!VectorApi.isAvailable()) {
      throw new EngineUnavailableException(
          "the vector engine needs the JVM flag --add-modules jdk.incubator.vector");
    }
  }
}
