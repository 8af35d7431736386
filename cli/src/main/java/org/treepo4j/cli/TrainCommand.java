package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.treepo4j.checkpoints.CheckpointStore.Checkpoint;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.data.TaskFile;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rl.train.Policy;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rl.train.Trainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description =
        "Trains a policy with tree rollouts: rollouts, rewards, advantages, updates, checkpoints."
            + " Ends with one JSON line on stdout.")
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private TreepoCommand treepo;
  @Mixin private SettingsMixin settingsMixin;

  @Option(
      names = "--dry-run",
      description =
          "Only checks settings, data, prompts, tokenizer and memory: loads no weights, writes no"
              + " file; the weights may be absent.")
  private boolean dryRun;

  @Override
  public Integer call() throws Exception {
    long began = System.nanoTime();
    TrainSettings settings = settingsMixin.read(TrainSettings.class);
    EngineOptions engine = settings.engine();
    if (dryRun) {
      Engines.choose(engine);
      DryRun checked = DryRun.of(settings);
      checked.print(spec.commandLine().getOut(), spec.commandLine().getErr());
      checked.requireMemory();
      return 0;
    }
    TrainingInputs.requireWeights(settings);
    TrainingInputs inputs = TrainingInputs.open(settings);
    Engines.choose(engine);
    try (RunConsole console = new RunConsole(spec.commandLine().getErr(), treepo.output());
        RewardRunner rewards = settings.reward().runner(settings.rollout().maxResponseTokens());
        RunFolder run = settingsMixin.runFolder(settings, settings.output(), console)) {
      TrainSettings placed = settings.withOutput(run.path());
      run.requireCheckpointOf(inputs.config(), settings.lora());
      Policy policy = TrainingParts.policy(placed, run.checkpoint().map(Checkpoint::folder));
      try (CausalLm model = policy.model();
          Reference reference = Reference.open(placed, engine)) {
        run.writeSettings(settings);
        Trainer trainer =
            new Trainer(
                placed,
                new Trainer.Parts(
                    policy,
                    reference.model(),
                    inputs.tokenizer(),
                    inputs.prompts(),
                    settings.data().source(inputs.train(), settings.seed()),
                    TaskFile.allTasks(inputs.test()),
                    rewards),
                console);
        Trainer.Summary summary = run.train(() -> trainer.run(run.checkpoint()));
        String json = json(summary, run.path(), (System.nanoTime() - began) / 1e9);
        run.writeSummary(json);
        console.close();
        spec.commandLine().getOut().println(json);
      }
    }
    return 0;
  }

  /** The frozen policy of KL terms, where the settings ask for one. */
  private record Reference(Optional<CausalLm> model) implements AutoCloseable {
    static Reference open(TrainSettings settings, EngineOptions engine) throws IOException {
      return new Reference(
          settings.loss().needsReference()
              ? Optional.of(Engines.open(settings.model(), engine))
              : Optional.empty());
    }

    @Override
    public void close() {
      model.ifPresent(CausalLm::close);
    }
  }

  private static String json(Trainer.Summary summary, Path run, double seconds) throws IOException {
    ObjectNode json = JsonLines.JSON.createObjectNode();
    putFinite(json, "accuracy_before", summary.accuracyBefore());
    putFinite(json, "accuracy_after", summary.accuracyAfter());
    putFinite(json, "accuracy_best", summary.bestAccuracy());
    json.put("steps", summary.state().step());
    json.put("seconds", Math.round(seconds * 1000) / 1000.0);
    json.put("sampled_tokens", summary.state().sampledTokens());
    json.put("trajectory_tokens", summary.state().trajectoryTokens());
    json.put("updates", summary.state().updates());
    json.put("skipped_updates", summary.state().skippedUpdates());
    json.put("run", run.toString());
    json.put("checkpoint", summary.checkpoint().toString());
    json.put("best_checkpoint", summary.bestCheckpoint().map(Path::toString).orElse(null));
    return JsonLines.JSON.writeValueAsString(json);
  }

  private static void putFinite(ObjectNode json, String name, double value) {
    if (Double.isFinite(value)) {
      json.put(name, value);
    } else {
      json.putNull(name);
    }
  }
}
