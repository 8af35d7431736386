package org.treepo4j.rl.supervised;

import java.nio.file.Path;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.rl.metrics.MetricsSettings;
import org.treepo4j.rl.run.CheckpointSettings;
import org.treepo4j.rl.run.OptimizerSettings;

/** Supervised fine-tuning: {@code ./treepo sft}. */
public record SftSettings(
    @Setting(value = "Hugging Face folder or GGUF file of the model to start from", required = true)
        Path model,
    @Setting(value = "folder for checkpoints and metrics", required = true, mayChange = true)
        Path output,
    @Setting(value = "which engine computes, and how", inline = true) EngineOptions engine,
    @Setting("seed of shuffling and synthetic tasks") long seed,
    @Setting("what it learns from") CorpusSettings corpus,
    @Setting("AdamW and what surrounds an update") OptimizerSettings optimizer,
    @Setting("the loop") SupervisionSettings trainer,
    @Setting("checkpoints") CheckpointSettings checkpoint,
    @Setting("where metrics go besides the run's folder") MetricsSettings metrics,
    @Setting("train low-rank adapters instead of all weights") LoraSettings lora)
    implements SupervisedSettings {

  public static SftSettings defaults() {
    return new SftSettings(
        null,
        null,
        EngineOptions.defaults(),
        1,
        CorpusSettings.defaults(),
        OptimizerSettings.defaults(),
        SupervisionSettings.defaults(),
        CheckpointSettings.defaults(),
        MetricsSettings.defaults(),
        LoraSettings.defaults());
  }

  public SftSettings {
    SupervisedSettings.requireF32(engine);
  }
}
