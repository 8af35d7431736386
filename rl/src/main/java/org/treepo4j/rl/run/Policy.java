package org.treepo4j.rl.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.HfFolder;
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
   * @param model Hugging Face folder of the model
   * @param seed of fresh adapters
   * @param checkpoint where its weights or adapters are; empty to begin with {@code model}
   * @throws InputException for adapters that the model has no place for
   */
  static Policy open(
      Path model, LoraSettings lora, EngineOptions engine, long seed, Optional<Path> checkpoint)
      throws IOException {
    if (!lora.enabled()) {
      return new FullPolicy(Engines.open(checkpoint.orElse(model), engine), model);
    }
    LoraAdapters adapters;
    try (HfFolder folder = HfFolder.open(model)) {
      adapters = LoraAdapters.attach(WeightsLoader.load(folder), lora, seed);
    } catch (IllegalArgumentException e) {
      throw new InputException("lora." + e.getMessage());
    }
    LoraPolicy policy =
        new LoraPolicy(Engines.open(adapters.modelWeights(), engine), adapters, model);
    if (checkpoint.isPresent()) {
      policy.restore(checkpoint.get());
    }
    return policy;
  }

  /** Samples and scores. */
  CausalLm model();

  /** What the optimiser changes. */
  Weights trainable();

  /** Brings what backward passes accumulated into the gradients of {@link #trainable}. */
  void collectGradients();

  /** The optimiser has changed {@link #trainable}. */
  void weightsChanged();

  /** Writes what a checkpoint keeps of the policy. */
  void writeInto(Path folder) throws IOException;
}
