package org.treepo4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.data.DataSettings;
import org.treepo4j.rl.train.FullPolicy;
import org.treepo4j.rl.train.LoraPolicy;
import org.treepo4j.rl.train.Policy;
import org.treepo4j.rl.train.TrainSettings;

/** What training settings name, opened. */
final class TrainingParts {
  private TrainingParts() {}

  /**
   * The policy under training: all weights of a model, or adapters for it.
   *
   * @param model Hugging Face folder of the model
   * @param seed of fresh adapters
   * @param checkpoint where its weights or adapters are; empty to begin with {@code model}
   */
  static Policy policy(
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

  /** The policy that a reinforcement learning run trains. */
  static Policy policy(TrainSettings settings, Optional<Path> checkpoint) throws IOException {
    return policy(
        settings.model(), settings.lora(), settings.engine(), settings.seed(), checkpoint);
  }

  /** Refuses missing files before anything is read. */
  static void requireFiles(DataSettings data) {
    if (data.train().isEmpty()) {
      throw new InputException("data.train: expected at least one file of tasks");
    }
    for (Path file : data.train()) {
      requireFile(file);
    }
    for (Path file : data.test()) {
      requireFile(file);
    }
  }

  static void requireFile(Path file) {
    if (!Files.exists(file)) {
      throw new InputException(file + ": no such file");
    }
  }
}
