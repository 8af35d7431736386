package org.treepo4j.cli;

import java.util.concurrent.Callable;
import org.treepo4j.checkpoints.CheckpointStore.Checkpoint;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.supervised.SftSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
    name = "sft",
    mixinStandardHelpOptions = true,
    description = "Fine-tunes a model on demonstrations. Ends with one JSON line.")
final class SftCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private TreepoCommand treepo;
  @Mixin private SettingsMixin settingsMixin;

  @Override
  public Integer call() throws Exception {
    SftSettings settings = settingsMixin.read(SftSettings.class);
    ModelConfig config;
    try (ModelSource folder = ModelSource.open(settings.model())) {
      config = folder.config();
    }
    ModelTokenizer tokenizer = ModelTokenizer.open(settings.model());
    new SupervisedRun(settings, settings.model(), tokenizer, config)
        .train(
            settingsMixin,
            treepo.output(),
            spec,
            run -> {
              run.requireCheckpointOf(config, settings.lora());
              return Policy.open(
                  settings.model(),
                  settings.lora(),
                  settings.engine(),
                  settings.seed(),
                  run.checkpoint().map(Checkpoint::folder));
            });
    return 0;
  }
}
