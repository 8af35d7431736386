package org.treepo4j.rl.train;

import java.nio.file.Path;
import org.treepo4j.model.engine.EngineOptions;

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

  /** How the engine is opened. */
  EngineOptions engineOptions();
}
