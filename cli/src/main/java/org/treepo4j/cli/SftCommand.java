package org.treepo4j.cli;

import java.util.concurrent.Callable;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.train.Corpus;
import org.treepo4j.rl.train.SftSettings;
import org.treepo4j.rl.train.SupervisedTrainer;
import org.treepo4j.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
    name = "sft",
    mixinStandardHelpOptions = true,
    description = "Fine-tunes a model on demonstrations. Ends with one JSON line.")
final class SftCommand implements BaseCommand, Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private OutputOptions output;
  @Mixin private SettingsMixin settingsMixin;

  @Override
  public OutputOptions output() {
    return output;
  }

  @Override
  public Integer call() throws Exception {
    SftSettings settings = settingsMixin.read(SftSettings.class);
    ModelConfig config;
    try (HfFolder folder = HfFolder.open(settings.model())) {
      config = folder.config();
    }
    Tokenizer tokenizer = Tokenizer.load(settings.model());
    int maxTokens = Math.min(settings.trainer().maxTokens(), config.maxPositions());
    Corpus corpus =
        SupervisedRun.corpus(
            settings.corpus(),
            tokenizer,
            settings.model(),
            config.eosTokenIds().isEmpty() ? -1 : config.eosTokenIds().get(0),
            maxTokens,
            config.vocabSize(),
            settings.seed());
    EngineOptions engine = settings.engineOptions();
    Engines.choose(engine);
    try (RunConsole console = new RunConsole(spec.commandLine().getErr(), output)) {
      RunFolder run = settingsMixin.runFolder(settings.output(), console);
      run.requireCheckpointOf(config);
      run.writeSettings(settings);
      SupervisedRun.tell(corpus, maxTokens, console);
      try (CausalLm model = Engines.open(run.weights(settings.model()), engine)) {
        SupervisedTrainer.Result result =
            new SupervisedTrainer(
                    model,
                    settings.model(),
                    corpus.training(),
                    corpus.validation(),
                    settings.trainer(),
                    settings.optimizer(),
                    settings.checkpoint(),
                    settings.seed(),
                    run.path(),
                    console)
                .run(run.checkpoint());
        SupervisedRun.finish(result, run, console, spec.commandLine().getOut());
      }
    }
    return 0;
  }
}
