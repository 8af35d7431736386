package org.treepo4j.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.run.FullPolicy;
import org.treepo4j.rl.run.RunFolder;
import org.treepo4j.rl.supervised.PretrainSettings;
import org.treepo4j.tokenizer.SpecialTokens;
import org.treepo4j.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
    name = "pretrain",
    mixinStandardHelpOptions = true,
    description = "Trains a model from scratch on demonstrations. Ends with one JSON line.")
final class PretrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private TreepoCommand treepo;
  @Mixin private SettingsMixin settingsMixin;

  @Override
  public Integer call() throws Exception {
    PretrainSettings settings = settingsMixin.read(PretrainSettings.class);
    ModelTokenizer opened = ModelTokenizer.open(settings.tokenizer());
    Tokenizer tokenizer = opened.tokenizer();
    SpecialTokens special = opened.special();
    ModelConfig config =
        settings
            .architecture()
            .modelConfig(
                tokenizer.vocabSize(), special.bos().orElse(-1), opened.endTokens(List.of()));
    new SupervisedRun(settings, settings.tokenizer(), opened, config)
        .train(
            settingsMixin,
            treepo.output(),
            spec,
            run -> {
              run.requireCheckpointOf(config, LoraSettings.defaults());
              return new FullPolicy(model(config, settings, run), settings.tokenizer());
            });
    return 0;
  }

  private static CausalLm model(ModelConfig config, PretrainSettings settings, RunFolder run)
      throws IOException {
    EngineOptions engine = settings.engine();
    return run.checkpoint().isPresent()
        ? Engines.open(run.checkpoint().get().folder(), engine)
        : Engines.open(RandomWeights.create(config, settings.seed()), engine);
  }
}
