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
    return new VectorCausalLm(weights, VectorOptions.of(options.threadCount(), options.weights()));
  }

  @Override
  public Memory memory(ModelConfig config, EngineOptions options, Trained trained) {
    return new Memory(
        trained.adaptedHead() ? VectorMemory.adaptedHead(config) : 0,
        VectorMemory.decoderWeights(config, options.weights()),
        VectorMemory.cachedToken(config),
        VectorMemory.cachedPath(config),
        VectorMemory.trainingToken(config),
        VectorMemory.keptToken(config),
        VectorMemory.keptAtMost(config, trained.numbers()));
  }
}
