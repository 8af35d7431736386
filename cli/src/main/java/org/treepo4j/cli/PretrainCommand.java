package org.treepo4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.train.Corpus;
import org.treepo4j.rl.train.PretrainSettings;
import org.treepo4j.rl.train.SupervisedTrainer;
import org.treepo4j.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
    name = "pretrain",
    mixinStandardHelpOptions = true,
    description = "Trains a model from scratch on demonstrations. Ends with one JSON line.")
final class PretrainCommand implements BaseCommand, Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private OutputOptions output;
  @Mixin private SettingsMixin settingsMixin;

  @Override
  public OutputOptions output() {
    return output;
  }

  @Override
  public Integer call() throws Exception {
    PretrainSettings settings = settingsMixin.read(PretrainSettings.class);
    Tokenizer tokenizer = Tokenizer.load(settings.tokenizer());
    SpecialTokens special = SpecialTokens.of(settings.tokenizer(), tokenizer);
    int maxTokens =
        Math.min(settings.trainer().maxTokens(), settings.architecture().maxPositions());
    Corpus corpus =
        SupervisedRun.corpus(
            settings.corpus(),
            tokenizer,
            settings.tokenizer(),
            special.eos(),
            maxTokens,
            tokenizer.vocabSize(),
            settings.seed());
    EngineOptions engine = settings.engineOptions();
    Engines.choose(engine);
    ModelConfig config =
        settings
            .architecture()
            .modelConfig(
                tokenizer.vocabSize(),
                special.bos(),
                special.eos() < 0 ? List.of() : List.of(special.eos()));
    try (RunConsole console = new RunConsole(spec.commandLine().getErr(), output)) {
      RunFolder run = settingsMixin.runFolder(settings.output(), console);
      run.requireCheckpointOf(config);
      run.writeSettings(settings);
      SupervisedRun.tell(corpus, maxTokens, console);
      try (CausalLm model = open(config, settings.seed(), engine, run)) {
        SupervisedTrainer.Result result =
            new SupervisedTrainer(
                    model,
                    settings.tokenizer(),
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

  private static CausalLm open(ModelConfig config, long seed, EngineOptions engine, RunFolder run)
      throws IOException {
    Path checkpoint = run.checkpoint().map(c -> c.folder()).orElse(null);
    return checkpoint == null
        ? Engines.open(RandomWeights.create(config, seed), engine)
        : Engines.open(checkpoint, engine);
  }
}
