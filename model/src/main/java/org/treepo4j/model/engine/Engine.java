package org.treepo4j.model.engine;

import java.util.Map;
import java.util.Optional;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

/**
 * An engine that a class path offers: {@link Engines} finds every implementation that is named in
 * {@code META-INF/services/org.treepo4j.model.engine.Engine}. Looking at an engine loads none of
 * its native code; opening a model may.
 */
public interface Engine {

  /** What settings call it, in lower case, for example {@code vector}. */
  String name();

  /** Why it cannot open a model on this machine with these options, in one line. */
  Optional<String> problem(EngineOptions options);

  /** Why it cannot run models of this kind, in one line. */
  default Optional<String> problem(ModelConfig config) {
    return Optional.empty();
  }

  /**
   * Its place when {@code auto} looks for an engine without a {@link #problem}: the highest goes
   * first, one below zero is never taken.
   */
  int autoRank();

  /** Whether weights, activations and caches lie in the JVM's heap. */
  default boolean computesOnHeap() {
    return true;
  }

  /** Opens a model on weights at hand; there is no {@link #problem}. */
  CausalLm open(Weights weights, EngineOptions options);

  /**
   * What it needs beside weights, gradients and optimiser.
   *
   * @param trained {@link Trained#NOTHING} to sample only
   */
  Memory memory(ModelConfig config, EngineOptions options, Trained trained);

  /**
   * What a run changes of a model.
   *
   * @param numbers that are trained, adapters' included
   * @param adaptedHead whether the output matrix has an adapter
   */
  record Trained(long numbers, boolean adaptedHead) {
    public static final Trained NOTHING = new Trained(0, false);
  }

  /** What {@code ./treepo info} says of it beside its name, by field. */
  default Map<String, Object> facts() {
    return Map.of();
  }

  /**
   * Memory of an engine in bytes, known before any weight is loaded.
   *
   * @param copy what an open model holds all the time
   * @param decoderWeights the matrices as decoders read them, held while sampling
   * @param cachedToken a token in a decoder's cache
   * @param cachedPath a path in it, whatever its length: the state of linear layers
   * @param trainingToken a unique token of a forward and backward pass, at least
   * @param keptToken what more of a token is kept where there is room, so as not to be computed
   *     twice
   * @param keptAtMost that room, for all tokens of a pass
   */
  record Memory(
      long copy,
      long decoderWeights,
      long cachedToken,
      long cachedPath,
      long trainingToken,
      long keptToken,
      long keptAtMost) {

    /** A forward and backward pass over so many unique tokens. */
    public long training(long tokens) {
      return tokens * trainingToken + Math.min(tokens * keptToken, keptAtMost);
    }
  }
}
