package org.treepo4j.engines.vector;

import java.util.Optional;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.Engine;
import org.treepo4j.model.engine.EngineOptions;

/** The engine in pure Java, the default on a CPU. */
public final class VectorEngine implements Engine {

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public Optional<String> problem(EngineOptions options) {
    return VectorApi.isAvailable()
        ? Optional.empty()
        : Optional.of("the vector engine needs the JVM flag --add-modules jdk.incubator.vector");
  }

  @Override
  public int autoRank() {
    return 0;
  }

  @Override
  public CausalLm open(Weights weights, EngineOptions options) {
    return new VectorCausalLm(
        weights,
        new VectorOptions(
            options.threadCount(),
            options.weights(),
            VectorOptions.defaults().recomputeActivations()));
  }

  @Override
  public Memory memory(ModelConfig config, EngineOptions options) {
    return new Memory(
        VectorMemory.decoderWeights(config, options.weights()),
        VectorMemory.cachedToken(config),
        VectorMemory.cachedPath(config),
        VectorMemory.training(config, 1));
  }
}
