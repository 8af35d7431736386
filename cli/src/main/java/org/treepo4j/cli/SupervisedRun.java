package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.run.RunFolder;
import org.treepo4j.rl.sampling.PromptEncoder;
import org.treepo4j.rl.supervised.Corpus;
import org.treepo4j.rl.supervised.SupervisedSettings;
import org.treepo4j.rl.supervised.SupervisedTrainer;
import picocli.CommandLine.Model.CommandSpec;

/**
 * A run of {@code pretrain} or {@code sft}, from its corpus to the line it ends with.
 *
 * @param settings all of the run's
 * @param folder where the tokenizer is
 * @param config shape of the model
 */
record SupervisedRun(
    SupervisedSettings settings, Path folder, ModelTokenizer tokenizer, ModelConfig config) {

  /** Opens what is trained, after it has looked whether the run's checkpoint is of its kind. */
  interface PolicySource {
    Policy open(RunFolder run) throws IOException;
  }

  void train(
      SettingsMixin settingsMixin, OutputOptions output, CommandSpec spec, PolicySource source)
      throws IOException {
    int maxTokens = Math.min(settings.trainer().maxTokens(), config.maxPositions());
    Corpus corpus = corpus(maxTokens);
    Engines.choose(settings.engine());
    try (RunConsole console = new RunConsole(spec.commandLine().getErr(), output);
        GoOnHint hint = GoOnHint.ofRun(spec, console);
        RunFolder run = settingsMixin.runFolder((Record) settings, settings.output(), console)) {
      Policy policy = source.open(run);
      try (CausalLm model = policy.model()) {
        run.writeSettings((Record) settings);
        tell(corpus, maxTokens, console);
        SupervisedTrainer trainer =
            new SupervisedTrainer(policy, corpus, settings, run.path(), console);
        SupervisedTrainer.Result result = run.train(() -> trainer.run(run.checkpoint()));
        String line = json(result, run.path());
        run.writeSummary(line);
        console.close();
        spec.commandLine().getOut().println(line);
      }
    }
  }

  private Corpus corpus(int maxTokens) throws IOException {
    Corpus corpus;
    try {
      corpus =
          Corpus.load(
              settings.corpus(),
              tokenizer.tokenizer(),
              PromptEncoder.of(tokenizer),
              config.eosTokenIds(),
              maxTokens,
              settings.seed());
    } catch (IllegalArgumentException e) {
      throw new InputException("corpus." + e.getMessage());
    }
    int highest =
        Stream.of(corpus.training(), corpus.validation())
            .flatMap(List::stream)
            .flatMapToInt(example -> Arrays.stream(example.tokens().tokens()))
            .max()
            .getAsInt();
    if (highest >= config.vocabSize()) {
      throw new InputException(
          "%s: the tokenizer gives token %d, the model has %d; they do not belong together"
              .formatted(folder, highest, config.vocabSize()));
    }
    return corpus;
  }

  /** Tells what of the files is not learned from. */
  private static void tell(Corpus corpus, int maxTokens, RunConsole console) {
    if (corpus.shortened() > 0) {
      console.note(corpus.shortened() + " examples are cut to " + maxTokens + " tokens");
    }
    if (corpus.leftOut() > 0) {
      console.note(
          "%d examples are left out: no completion within %d tokens"
              .formatted(corpus.leftOut(), maxTokens));
    }
    if (corpus.losing() > 0) {
      console.note(corpus.dropped().note(corpus.losing() + " examples"));
    }
  }

  private static String json(SupervisedTrainer.Result result, Path run) throws IOException {
    ObjectNode json = JsonLines.JSON.createObjectNode();
    if (Double.isFinite(result.validationLoss())) {
      json.put("validation_loss", result.validationLoss());
    }
    json.put("steps", result.steps());
    json.put("tokens", result.tokens());
    json.put("seconds", Math.round(result.seconds() * 1000) / 1000.0);
    json.put("run", run.toString());
    json.put("checkpoint", String.valueOf(result.checkpoint()));
    return JsonLines.JSON.writeValueAsString(json);
  }
}
