package org.treepo4j.rl.train;

import java.nio.file.Path;
import org.treepo4j.model.Setting;
import org.treepo4j.model.engine.EngineName;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.vector.WeightStorage;

/**
 * A model from scratch: {@code ./treepo pretrain}.
 *
 * @param tokenizer folder of its tokenizer
 * @param output run folder
 */
public record PretrainSettings(
    @Setting(value = "folder with the tokenizer of the new model", required = true) Path tokenizer,
    @Setting(value = "folder for checkpoints and metrics", required = true, mayChange = true)
        Path output,
    @Setting(
            value = "auto (samediff on a usable GPU, else vector), vector or samediff",
            mayChange = true)
        EngineName engine,
    @Setting(value = "threads of the vector engine, 0 for all processors", mayChange = true)
        int threads,
    @Setting("seed of weights, shuffling and synthetic tasks") long seed,
    @Setting("shape of the model") ArchitectureSettings architecture,
    @Setting("what it learns from") CorpusSettings corpus,
    @Setting("AdamW and what surrounds an update") OptimizerSettings optimizer,
    @Setting("the loop") SupervisionSettings trainer,
    @Setting("checkpoints") CheckpointSettings checkpoint)
    implements SupervisedSettings {

  public static PretrainSettings defaults() {
    return new PretrainSettings(
        null,
        null,
        EngineName.AUTO,
        0,
        1,
        ArchitectureSettings.defaults(),
        CorpusSettings.defaults(),
        OptimizerSettings.defaults(),
        SupervisionSettings.defaults(),
        CheckpointSettings.defaults());
  }

  public PretrainSettings {
    new EngineOptions(engine, WeightStorage.F32, threads); // its checks are ours
  }

  @Override
  public EngineOptions engineOptions() {
    return new EngineOptions(engine, WeightStorage.F32, threads);
  }
}
