package org.treepo4j.rl.supervised;

import java.nio.file.Path;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.rl.metrics.MetricsSettings;
import org.treepo4j.rl.run.CheckpointSettings;
import org.treepo4j.rl.run.OptimizerSettings;

/** A model from scratch: {@code ./treepo pretrain}. */
public record PretrainSettings(
    @Setting(value = "folder with the tokenizer of the new model", required = true) Path tokenizer,
    @Setting(value = "folder for checkpoints and metrics", required = true, mayChange = true)
        Path output,
    @Setting(value = "which engine computes, and how", inline = true) EngineOptions engine,
    @Setting("seed of weights, shuffling and synthetic tasks") long seed,
    @Setting("shape of the model") ArchitectureSettings architecture,
    @Setting("what it learns from") CorpusSettings corpus,
    @Setting("AdamW and what surrounds an update") OptimizerSettings optimizer,
    @Setting("the loop") SupervisionSettings trainer,
    @Setting("checkpoints") CheckpointSettings checkpoint,
    @Setting("where metrics go besides the run's folder") MetricsSettings metrics)
    implements SupervisedSettings {

  public static PretrainSettings defaults() {
    return new PretrainSettings(
        null,
        null,
        EngineOptions.defaults(),
        1,
        ArchitectureSettings.defaults(),
        CorpusSettings.defaults(),
        OptimizerSettings.defaults(),
        SupervisionSettings.defaults(),
        CheckpointSettings.defaults(),
        MetricsSettings.defaults());
  }

  public PretrainSettings {
    SupervisedSettings.requireF32(engine);
  }
}
