package org.treepo4j.rl.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.checkpoints.CheckpointStore.Checkpoint;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.data.DifficultyPools;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.data.TaskSource;
import org.treepo4j.rl.metrics.MetricsLog;
import org.treepo4j.rl.metrics.MlflowLog;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.run.RunCheckpoints;
import org.treepo4j.rl.run.TrainingException;
import org.treepo4j.rl.run.TrainingListener;
import org.treepo4j.rl.run.TrainingState;
import org.treepo4j.rl.run.WeightUpdate;
import org.treepo4j.rl.sampling.EvaluationSettings;
import org.treepo4j.rl.sampling.Evaluator;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rollout.RolloutException;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * TreePO, the whole loop: trees are sampled and scored, advantages estimated, the policy updated,
 * measured on held-out tasks and kept in checkpoints (algorithm page, sections 2 to 5).
 */
public final class Trainer {
  private final TrainSettings settings;
  private final Policy policy;
  private final Backend backend;
  private final WeightUpdate weightUpdate;
  private final DifficultyPools pools;
  private final GroupCollector collector;
  private final TrainingStep step;
  private final Evaluator evaluator;
  private final RunCheckpoints checkpoints;
  private final TreeRecorder recorder;
  private final TrainingListener listener;
  private Checkpoint last;

  /**
   * Everything a run is made of besides its settings.
   *
   * @param backend has the policy, with the weights to begin or go on with, samples it and computes
   *     its gradients
   * @param tokenizer of the policy
   * @param tasks to learn on
   * @param heldOut tasks to be measured on; may be empty
   * @param estimator turns rewards into advantages
   */
  public record Parts(
      Backend backend,
      Tokenizer tokenizer,
      TaskSource tasks,
      List<Task> heldOut,
      AdvantageEstimator estimator) {}

  /**
   * What a run came to; the command's JSON line.
   *
   * @param accuracyBefore held-out pass@1 of the policy the run began with
   * @param accuracyAfter held-out pass@1 at the end
   * @param bestAccuracy best held-out pass@1 of all, that at the beginning included
   * @param checkpoint folder of the last checkpoint
   * @param bestCheckpoint folder of the checkpoint with the best accuracy; empty when none was
   *     better than the policy the run began with
   */
  public record Summary(
      double accuracyBefore,
      double accuracyAfter,
      double bestAccuracy,
      TrainingState state,
      Path checkpoint,
      Optional<Path> bestCheckpoint) {}

  public Trainer(TrainSettings settings, Parts parts, TrainingListener listener) {
    this.settings = settings;
    this.policy = parts.backend().policy();
    this.listener = listener;
    TrainerSettings loop = settings.trainer();
    EvaluationSettings evaluation = settings.evaluation();
    this.backend = parts.backend();
    this.weightUpdate =
        new WeightUpdate(
            policy,
            settings.optimizer(),
            (long) loop.steps() * loop.updatesPerStep(),
            loop.maxSkippedUpdates());
    this.pools = new DifficultyPools(settings.data().pools(), settings.seed());
    this.collector = new GroupCollector(backend.groups(), parts.tasks(), pools, loop);
    this.step = new TrainingStep(backend.passes(), parts.estimator(), settings, weightUpdate);
    this.evaluator =
        new Evaluator(
            backend.evaluation(),
            evaluation.maxTasks() > 0 && evaluation.maxTasks() < parts.heldOut().size()
                ? parts.heldOut().subList(0, evaluation.maxTasks())
                : parts.heldOut(),
            Evaluator.Streams.IN_TRAINING);
    this.checkpoints =
        new RunCheckpoints(settings.output(), settings.checkpoint().keepLast(), listener::note);
    this.recorder = new TreeRecorder(settings.output(), parts.tokenizer(), loop.treesKept());
  }

  /**
   * Trains to the end: until the steps are done, the budget of sampled tokens is used up, or
   * evaluations stop getting better.
   *
   * @param checkpoint where to go on, whose weights the policy already has; empty to begin
   * @throws TrainingException when the run cannot go on; what it has learned until the step before
   *     is in a checkpoint then; also when every update was skipped
   */
  public Summary run(Optional<Checkpoint> checkpoint) throws IOException {
    TrainingState state = TrainingState.NEW;
    if (checkpoint.isPresent()) {
      state = RunCheckpoints.restore(checkpoint.get().folder(), weightUpdate, listener::note);
      RunCheckpoints.restore(checkpoint.get().folder(), pools);
      last = checkpoint.get();
    }
    recorder.dropAfter(state.step());
    double accuracy = Double.NaN;
    if (state.step() == 0 && !evaluator.isEmpty()) {
      accuracy = evaluate(state);
      listener.note("accuracy before: %.1f %%".formatted(100 * accuracy));
      state = state.startingAt(accuracy);
    }
    try (MetricsLog log = MetricsLog.open(settings.output(), state.step(), mlflow())) {
      while (!finished(state)) {
        long began = System.nanoTime();
        long number = state.step() + 1;
        Step done = step(state);
        TrainingStep.Outcome trained = done.trained();
        recorder.record(number, trained, step::logprobs);
        tell(number, done);
        done.groups()
            .all()
            .forEach(tree -> pools.sampled(tree.task(), ScoredTree.accuracy(List.of(tree))));
        state =
            state.after(
                done.groups().statistics(),
                done.groups().tasksDrawn(),
                trained.update().updates(),
                trained.update().skipped());
        Map<String, Number> metrics = new LinkedHashMap<>();
        boolean best = false;
        if (!evaluator.isEmpty()
            && state.due(settings.evaluation().everySteps(), finished(state))) {
          long evaluation = System.nanoTime();
          accuracy = evaluate(state);
          metrics.put("evaluation_seconds", (System.nanoTime() - evaluation) / 1e9);
          best = !(accuracy <= state.bestAccuracy());
          state = state.evaluated(accuracy, best);
          metrics.put("eval_accuracy", accuracy);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        state = state.plusSeconds(seconds);
        metrics.put("seconds", seconds);
        StepMetrics.of(done.groups(), trained).forEach(metrics::putIfAbsent);
        metrics.put("other_seconds", StepMetrics.otherSeconds(metrics));
        metrics.putAll(backend.stepMetrics());
        if (pools.enabled()) {
          metrics.putAll(StepMetrics.ofPools(done.groups(), pools));
        }
        log.write(number, metrics);
        listener.stepped(number, expectedSteps(state), metrics);
        if (best || state.due(settings.checkpoint().everySteps(), finished(state))) {
          last = checkpoints.write(state, best, policy, weightUpdate, pools);
        }
      }
      log.finished();
    }
    state.requireSomeUpdate();
    if (outOfPatience(state)) {
      listener.note(
          "stopped early: the last %d evaluations were no better than %.1f %%"
              .formatted(state.evaluationsSinceBest(), 100 * state.bestAccuracy()));
    }
    if (Double.isNaN(accuracy) && !evaluator.isEmpty()) { // resumed where it had ended
      accuracy = evaluate(state);
    }
    return new Summary(
        state.accuracyBefore(),
        accuracy,
        state.bestAccuracy(),
        state,
        last.folder(),
        checkpoints.best().map(Checkpoint::folder));
  }

  private Optional<MlflowLog> mlflow() {
    return MlflowLog.open(settings.metrics(), settings.output(), settings, listener::note);
  }

  /** What a step sampled and what it learned from that. */
  private record Step(GroupCollector.Groups groups, TrainingStep.Outcome trained) {}

  /** The held-out pass@1; when it cannot be measured, nothing is lost of the steps before. */
  private double evaluate(TrainingState state) throws IOException {
    try {
      Evaluator.Evaluation evaluation = evaluator.evaluate(round -> {});
      evaluation.sampled().failureNote("evaluation").ifPresent(listener::note);
      return evaluation.accuracy();
    } catch (TrainingException | RolloutException e) {
      keep(state);
      throw e;
    }
  }

  /** One step; when it cannot be done, nothing is lost of those before. */
  private Step step(TrainingState state) throws IOException {
    long updates = weightUpdate.optimizerSteps();
    try {
      double progress = (double) state.step() / settings.trainer().steps();
      long number = state.step() + 1;
      GroupCollector.Groups groups = collector.collect(number, state.tasksDrawn(), progress);
      return new Step(
          groups,
          groups.trees().isEmpty()
              ? TrainingStep.Outcome.NOTHING
              : step.train(number, groups.trees()));
    } catch (TrainingException | RolloutException e) {
      if (weightUpdate.optimizerSteps() == updates) {
        keep(state);
      }
      throw e;
    }
  }

  private void keep(TrainingState state) throws IOException {
    if (state.step() > 0 && (last == null || last.step() < state.step())) {
      last = checkpoints.write(state, false, policy, weightUpdate, pools);
    }
    if (last != null) {
      listener.note(
          "kept what was learned until step %d in %s; --resume goes on from there"
              .formatted(last.step(), last.folder()));
    }
  }

  private void tell(long number, Step done) {
    GroupCollector.Groups groups = done.groups();
    TrainingStep.Update update = done.trained().update();
    if (groups.trees().isEmpty()) {
      listener.note(
          "step %d: nothing to learn from, no prompt has trajectories of different rewards"
              .formatted(number));
    }
    if (!groups.trees().isEmpty() && update.updates() == 0) {
      listener.note(
          "step %d: nothing to learn from, every response was cut (loss.overlongFiltering)"
              .formatted(number));
    }
    if (update.skipped() > 0) {
      listener.note(
          "step %d: %d of %d updates skipped, the gradient was not finite"
              .formatted(number, update.skipped(), update.updates()));
    }
    groups.sampled().failureNote("step " + number).ifPresent(listener::note);
  }

  private boolean finished(TrainingState state) {
    TrainerSettings loop = settings.trainer();
    return state.step() >= loop.steps()
        || loop.maxSampledTokens() > 0 && state.sampledTokens() >= loop.maxSampledTokens()
        || outOfPatience(state);
  }

  /** Steps there will be, if every one samples as many tokens as those so far did. */
  private long expectedSteps(TrainingState state) {
    TrainerSettings loop = settings.trainer();
    if (loop.maxSampledTokens() == 0 || state.sampledTokens() == 0) {
      return loop.steps();
    }
    double perStep = (double) state.sampledTokens() / state.step();
    long affordable = (long) Math.ceil(loop.maxSampledTokens() / perStep);
    return Math.max(state.step(), Math.min(loop.steps(), affordable));
  }

  private boolean outOfPatience(TrainingState state) {
    int patience = settings.evaluation().patience();
    return patience > 0 && state.evaluationsSinceBest() >= patience;
  }
}
