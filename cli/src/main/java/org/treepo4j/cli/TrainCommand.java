package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.treepo4j.checkpoints.CheckpointStore.Checkpoint;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.data.TaskSource;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rl.train.Policy;
import org.treepo4j.rl.train.PromptEncoder;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rl.train.Trainer;
import org.treepo4j.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
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

  @Override
  public Integer call() throws Exception {
    long began = System.nanoTime();
    TrainSettings settings = settingsMixin.read(TrainSettings.class);
    TrainingParts.requireFiles(settings.data());
    ModelConfig config;
    try (HfFolder folder = HfFolder.open(settings.model())) {
      config = folder.config();
    }
    Tokenizer tokenizer = Tokenizer.load(settings.model());
    PromptEncoder prompts = OpenModel.prompts(settings.model(), tokenizer);
    ToIntFunction<Prompt> promptTokens = prompt -> prompts.encode(prompt).length;
    check(prompts, settings.data().trainTasks(promptTokens), config);
    TaskSource train = settings.data().trainSource(promptTokens, settings.seed());
    List<Task> test = settings.data().testTasks(promptTokens);
    check(prompts, test, config);
    EngineOptions engine = settings.engineOptions();
    Engines.choose(engine);
    try (RunConsole console = new RunConsole(spec.commandLine().getErr(), treepo.output());
        RewardRunner rewards = settings.reward().runner(settings.rollout().maxResponseTokens())) {
      RunFolder run = settingsMixin.runFolder(settings, settings.output(), console);
      TrainSettings placed = settings.withOutput(run.path());
      run.requireCheckpointOf(config, settings.lora());
      Policy policy = TrainingParts.policy(placed, run.checkpoint().map(Checkpoint::folder));
      run.writeSettings(settings);
      try (CausalLm model = policy.model();
          Reference reference = Reference.open(placed, engine)) {
        Trainer trainer =
            new Trainer(
                placed,
                new Trainer.Parts(
                    policy, reference.model(), tokenizer, prompts, train, test, rewards),
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

  private static void check(PromptEncoder prompts, List<Task> tasks, ModelConfig config) {
    try {
      prompts.check(tasks, config);
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
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
