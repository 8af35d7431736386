package org.treepo4j.rl.supervised;

import java.nio.file.Path;
import java.util.Locale;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.WeightStorage;
import org.treepo4j.rl.metrics.MetricsSettings;
import org.treepo4j.rl.run.CheckpointSettings;
import org.treepo4j.rl.run.OptimizerSettings;

/** What the settings of all supervised runs say. */
public sealed interface SupervisedSettings permits PretrainSettings, SftSettings {

  /** Run folder. */
  Path output();

  /** Seed of everything random. */
  long seed();

  /** What the run learns from. */
  CorpusSettings corpus();

  /** AdamW and what surrounds an update. */
  OptimizerSettings optimizer();

  /** The loop. */
  SupervisionSettings trainer();

  /** When checkpoints are written. */
  CheckpointSettings checkpoint();

  /** Where metrics go. */
  MetricsSettings metrics();

  /** How the engine is opened. */
  EngineOptions engine();

  /** Refuses a weight storage that nothing would use: no supervised run samples. */
  static void requireF32(EngineOptions engine) {
    if (engine.weights() != WeightStorage.F32) {
      throw new IllegalArgumentException(
          "weights must be f32 in supervised training, which samples nothing, was "
              + engine.weights().name().toLowerCase(Locale.ROOT));
    }
  }
}
