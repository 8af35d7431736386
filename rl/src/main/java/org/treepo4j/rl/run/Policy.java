package org.treepo4j.rl.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;

/** The model under training, and which of its weights are trained. */
public interface Policy {

  /**
   * The policy under training: all weights of a model, or adapters for it.
   *
   * @param model Hugging Face folder or GGUF file of the model
   * @param seed of fresh adapters
   * @param checkpoint where its weights or adapters are; empty to begin with {@code model}
   * @throws InputException for adapters that the model has no place for
   */
  static Policy open(
      Path model, LoraSettings lora, EngineOptions engine, long seed, Optional<Path> checkpoint)
      throws IOException {
    if (!lora.enabled()) {
      return new FullPolicy(Engines.open(checkpoint.orElse(model), engine), model, true);
    }
    Weights base;
    try (ModelSource folder = ModelSource.open(model)) {
      base = WeightsLoader.load(folder);
    }
    LoraPolicy policy = withAdapters(base, lora, engine, seed, model);
    boolean restored = false;
    try {
      if (checkpoint.isPresent()) {
        policy.restore(checkpoint.get());
      }
      restored = true;
      return policy;
    } finally {
      if (!restored) {
        policy.model().close();
      }
    }
  }

  /**
   * A policy on weights at hand, which it takes over.
   *
   * @param weights of the model, or what adapters are added to
   * @param source where they came from
   */
  static Policy of(
      Weights weights, LoraSettings lora, EngineOptions engine, long seed, Path source) {
    return lora.enabled()
        ? withAdapters(weights, lora, engine, seed, source)
        : new FullPolicy(Engines.open(weights, engine), source, true);
  }

  private static LoraPolicy withAdapters(
      Weights base, LoraSettings lora, EngineOptions engine, long seed, Path source) {
    try {
      LoraAdapters adapters = LoraAdapters.attach(base, lora, seed);
      return new LoraPolicy(Engines.open(adapters.modelWeights(), engine), adapters, source);
    } catch (IllegalArgumentException e) {
      throw new InputException("lora." + e.getMessage());
    }
  }

  /**
   * A policy whose trees another engine samples.
   *
   * @param trained the policy
   * @param sampler an engine on the same weights as {@code trained}'s model
   */
  static Policy sampledBy(Policy trained, CausalLm sampler) {
    return new SampledElsewhere(trained, sampler);
  }

  /** Scores and is trained. */
  CausalLm model();

  /** Samples; the {@link #model} itself unless another engine does. */
  default CausalLm sampler() {
    return model();
  }

  /** What the optimiser changes. */
  Weights trainable();

  /** The optimiser has changed {@link #trainable}. */
  void weightsChanged();

  /** Writes what a checkpoint keeps of the policy. */
  void writeInto(Path folder) throws IOException;
}

/** A policy that one engine samples and another trains, both on the same weights. */
record SampledElsewhere(Policy trained, CausalLm sampler) implements Policy {

  @Override
  public CausalLm model() {
    return trained.model();
  }

  @Override
  public Weights trainable() {
    return trained.trainable();
  }

  @Override
  public void weightsChanged() {
    trained.weightsChanged();
    sampler.weightsChanged();
  }

  @Override
  public void writeInto(Path folder) throws IOException {
    trained.writeInto(folder);
  }
}
