package org.treepo4j.rl.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.checkpoints.CheckpointStore.Checkpoint;
import org.treepo4j.model.CausalLm;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.data.TaskSource;
import org.treepo4j.rl.metrics.MetricsLog;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rollout.RolloutSettings;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * TreePO, the whole loop: trees are sampled and scored, advantages estimated, the policy updated,
 * measured on held-out tasks and kept in checkpoints (algorithm page, sections 2 to 5).
 */
public final class Trainer {
  private final TrainSettings settings;
  private final Policy policy;
  private final WeightUpdate weightUpdate;
  private final TrainingStep step;
  private final Evaluator evaluator;
  private final RunCheckpoints checkpoints;
  private final TreeRecorder recorder;
  private final TrainingListener listener;

  /**
   * Everything a run is made of besides its settings.
   *
   * @param policy to be trained, with the weights to begin or go on with
   * @param reference frozen policy for KL terms; empty when the settings ask for none
   * @param tokenizer of the policy
   * @param prompts encodes tasks
   * @param tasks to learn on
   * @param heldOut tasks to be measured on; may be empty
   * @param rewards scores responses
   */
  public record Parts(
      Policy policy,
      Optional<CausalLm> reference,
      Tokenizer tokenizer,
      PromptEncoder prompts,
      TaskSource tasks,
      List<Task> heldOut,
      RewardRunner rewards) {}

  /**
   * What a run came to; the command's JSON line.
   *
   * @param accuracyBefore held-out pass@1 of the policy the run began with
   * @param accuracyAfter held-out pass@1 at the end
   * @param checkpoint folder of the last checkpoint
   */
  public record Summary(
      double accuracyBefore,
      double accuracyAfter,
      double bestAccuracy,
      TrainingState state,
      Path checkpoint) {}

  public Trainer(TrainSettings settings, Parts parts, TrainingListener listener) {
    this.settings = settings;
    this.policy = parts.policy();
    this.listener = listener;
    TrainerSettings loop = settings.trainer();
    CausalLm model = policy.model();
    RolloutSettings rollout = settings.rollout();
    EvaluationSettings evaluation = settings.evaluation();
    this.weightUpdate =
        new WeightUpdate(
            policy,
            settings.optimizer(),
            (long) loop.steps() * loop.updatesPerStep(),
            loop.maxSkippedUpdates());
    GroupCollector collector =
        new GroupCollector(model, sampler(rollout, parts), parts.tasks(), loop, settings.seed());
    this.step = new TrainingStep(policy, parts.reference(), collector, settings, weightUpdate);
    this.evaluator =
        new Evaluator(
            sampler(rollout.independent(evaluation.samples(), evaluation.temperature()), parts),
            evaluation.maxTasks() > 0 && evaluation.maxTasks() < parts.heldOut().size()
                ? parts.heldOut().subList(0, evaluation.maxTasks())
                : parts.heldOut(),
            settings.seed());
    this.checkpoints =
        new RunCheckpoints(settings.output(), settings.checkpoint().keepLast(), listener::note);
    this.recorder = new TreeRecorder(settings.output(), parts.tokenizer(), loop.treesKept());
  }

  private static TaskSampler sampler(RolloutSettings rollout, Parts parts) {
    var config = parts.policy().model().config();
    return new TaskSampler(
        rollout,
        parts.tokenizer(),
        parts.prompts(),
        config.eosTokenIds(),
        config.maxPositions(),
        parts.rewards());
  }

  /**
   * Trains to the end, or until evaluations stop getting better.
   *
   * @param checkpoint where to go on, whose weights the policy already has; empty to begin
   * @throws TrainingException when the run cannot go on
   */
  public Summary run(Optional<Checkpoint> checkpoint) throws IOException {
    TrainingState state = TrainingState.NEW;
    if (checkpoint.isPresent()) {
      state = RunCheckpoints.restore(checkpoint.get().folder(), weightUpdate);
    }
    Path last = checkpoint.map(Checkpoint::folder).orElse(null);
    double accuracy = Double.NaN;
    if (Double.isNaN(state.accuracyBefore()) && !evaluator.isEmpty()) {
      accuracy = evaluator.evaluate(policy.model()).accuracy();
      listener.note("accuracy before: %.1f %%".formatted(100 * accuracy));
      state = state.startingAt(accuracy);
    }
    int steps = settings.trainer().steps();
    try (MetricsLog log = MetricsLog.open(settings.output(), state.step())) {
      while (state.step() < steps && !outOfPatience(state)) {
        long began = System.nanoTime();
        long number = state.step() + 1;
        Optional<TrainingStep.Outcome> outcome =
            step.run(number, state.tasksDrawn(), (double) state.step() / steps);
        if (outcome.isEmpty()) {
          throw new TrainingException(
              "step " + number + ": no prompt has trajectories of different rewards");
        }
        state = state.after(outcome.get());
        Map<String, Number> metrics = new LinkedHashMap<>();
        recorder.record(number, outcome.get().trees(), outcome.get().advantages());
        boolean best = false;
        boolean end = number == steps;
        if (!evaluator.isEmpty()
            && SupervisedTrainer.due(number, settings.evaluation().everySteps(), end)) {
          accuracy = evaluator.evaluate(policy.model()).accuracy();
          best = !(accuracy <= state.bestAccuracy());
          state = state.evaluated(accuracy, best);
          metrics.put("eval_accuracy", accuracy);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        state = state.plusSeconds(seconds);
        metrics.put("seconds", seconds);
        outcome.get().metrics().forEach(metrics::putIfAbsent);
        log.write(number, metrics);
        listener.stepped(number, steps, metrics);
        if (best
            || SupervisedTrainer.due(
                number, settings.checkpoint().everySteps(), end || outOfPatience(state))) {
          last = checkpoints.write(state, best, policy, weightUpdate);
        }
      }
    }
    return new Summary(state.accuracyBefore(), accuracy, state.bestAccuracy(), state, last);
  }

  private boolean outOfPatience(TrainingState state) {
    int patience = settings.evaluation().patience();
    return patience > 0 && state.evaluationsSinceBest() >= patience;
  }
}
