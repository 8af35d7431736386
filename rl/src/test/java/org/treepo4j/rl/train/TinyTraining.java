package org.treepo4j.rl.train;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.engines.vector.VectorCausalLm;
import org.treepo4j.engines.vector.VectorOptions;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.WeightStorage;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rl.advantage.AdvantageSettings;
import org.treepo4j.rl.data.DataSettings;
import org.treepo4j.rl.data.ShuffledTasks;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.metrics.MetricsSettings;
import org.treepo4j.rl.reward.Reward;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rl.reward.RewardSettings;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.rl.run.CheckpointSettings;
import org.treepo4j.rl.run.FullPolicy;
import org.treepo4j.rl.run.LearningRateSchedule;
import org.treepo4j.rl.run.OptimizerSettings;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.run.TrainingListener;
import org.treepo4j.rl.sampling.EvaluationSettings;
import org.treepo4j.rl.sampling.PromptEncoder;
import org.treepo4j.rollout.RolloutSettings;

/** Trainers of a model with 8 tokens, on rewards a test chooses. */
public final class TinyTraining {
  public static final ModelConfig CONFIG =
      new ModelConfig(
          Architecture.LLAMA,
          LetterTokenizer.VOCABULARY,
          16,
          1,
          2,
          1,
          8,
          16,
          32,
          1e-6,
          10_000,
          RopeScaling.NONE,
          false,
          false,
          false,
          true,
          -1,
          List.of(0));

  /** Longer is better, and long is right. */
  public static final Reward LENGTH =
      input -> new Score(input.responseTokens(), input.responseTokens() > 4);

  private TinyTraining() {}

  public static Weights weights() {
    return RandomWeights.create(CONFIG, 1);
  }

  public static CausalLm model() {
    return model(weights());
  }

  public static CausalLm model(Weights weights) {
    return new VectorCausalLm(weights, VectorOptions.defaults());
  }

  public static RewardRunner rewards(Reward reward) {
    return new RewardRunner(reward, Duration.ofSeconds(30), -1, 1);
  }

  public static List<Task> tasks(String... prompts) {
    List<Task> tasks = new ArrayList<>();
    for (String prompt : prompts) {
      tasks.add(Task.of(prompt, prompt, ""));
    }
    return tasks;
  }

  public static PromptEncoder prompts() {
    return new PromptEncoder(new LetterTokenizer(), Optional.empty());
  }

  /** Trees of six trajectories of at most eight tokens. */
  public static RolloutSettings rollout() {
    return RolloutSettings.defaults().ofSize(6, 2, 4);
  }

  /** Two prompts a step, everything else as it comes. */
  public static TrainerSettings loop(int steps, int maxRounds, boolean trainOnShortBatch) {
    return new TrainerSettings(
        steps,
        0,
        2,
        1,
        1,
        1000,
        1,
        true,
        TrainerSettings.Routing.REPLAY,
        true,
        maxRounds,
        trainOnShortBatch,
        2,
        1);
  }

  /** As {@link #loop}, until so many tokens are sampled. */
  public static TrainerSettings budget(int steps, long sampledTokens) {
    return new TrainerSettings(
        steps,
        sampledTokens,
        2,
        1,
        1,
        1000,
        1,
        true,
        TrainerSettings.Routing.REPLAY,
        true,
        10,
        false,
        2,
        1);
  }

  public static TrainSettings settings(
      Path output,
      TrainerSettings loop,
      EvaluationSettings evaluation,
      CheckpointSettings checkpoint) {
    return new TrainSettings(
        Path.of("model"),
        null,
        output,
        new EngineOptions("vector", WeightStorage.F32, 1),
        TrainSettings.SAME_ENGINE,
        1,
        DataSettings.defaults(),
        rollout(),
        RewardSettings.defaults(),
        AdvantageSettings.defaults(),
        LossSettings.defaults(),
        new OptimizerSettings(
            new LearningRateSchedule(0.01, 0, LearningRateSchedule.Shape.CONSTANT, 0),
            0.9,
            0.999,
            1e-8,
            0,
            1),
        loop,
        evaluation,
        checkpoint,
        MetricsSettings.defaults(),
        LoraSettings.defaults());
  }

  public static Trainer trainer(
      TrainSettings settings,
      CausalLm model,
      Reward reward,
      List<Task> heldOut,
      TrainingListener listener) {
    return new Trainer(
        settings,
        parts(settings, new FullPolicy(model, settings.output()), reward, heldOut),
        listener);
  }

  public static Trainer.Parts parts(
      TrainSettings settings, Policy policy, Reward reward, List<Task> heldOut) {
    return parts(settings, policy, Optional.empty(), reward, heldOut);
  }

  /** With a frozen reference policy. */
  static Trainer.Parts parts(
      TrainSettings settings,
      Policy policy,
      Optional<CausalLm> reference,
      Reward reward,
      List<Task> heldOut) {
    return new Trainer.Parts(
        LocalBackend.of(
            settings,
            policy,
            reference,
            new LocalBackend.Sampling(
                new LetterTokenizer(),
                prompts(),
                rewards(reward),
                settings.rollout().allotment().policy())),
        new LetterTokenizer(),
        new ShuffledTasks(tasks("a", "b", "c"), 1),
        heldOut,
        AdvantageEstimators.create(settings.advantage()));
  }

  /** Remembers what it was told. */
  public static final class Listener implements TrainingListener {
    final List<Map<String, Number>> steps = new ArrayList<>();
    final List<Long> expected = new ArrayList<>();
    final List<String> notes = new ArrayList<>();

    @Override
    public void stepped(long step, long all, Map<String, Number> metrics) {
      steps.add(metrics);
      expected.add(all);
    }

    @Override
    public void note(String line) {
      notes.add(line);
    }
  }
}
