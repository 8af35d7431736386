package org.treepo4j.rl.supervised;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.treepo4j.checkpoints.CheckpointStore.Checkpoint;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.loss.Packing;
import org.treepo4j.rl.loss.SftExample;
import org.treepo4j.rl.loss.SftObjective;
import org.treepo4j.rl.metrics.MetricsLog;
import org.treepo4j.rl.metrics.MlflowLog;
import org.treepo4j.rl.run.CheckpointSettings;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.run.RunCheckpoints;
import org.treepo4j.rl.run.TrainingListener;
import org.treepo4j.rl.run.TrainingState;
import org.treepo4j.rl.run.WeightUpdate;

/**
 * Learns from written answers by next-token prediction. Examples are packed into batches as trees
 * side by side, so none sees another and nothing is padded.
 */
public final class SupervisedTrainer {
  private final WeightUpdate weightUpdate;
  private final Policy policy;
  private final SupervisedSettings run;
  private final SupervisionSettings settings;
  private final CheckpointSettings checkpointSettings;
  private final Path output;
  private final List<List<SftExample>> batches;
  private final List<SftExample> validation;
  private final RunCheckpoints checkpoints;
  private final TrainingListener listener;

  /**
   * What a run came to.
   *
   * @param validationLoss mean negative log-likelihood of the validation tokens in nats; NaN
   *     without validation examples
   * @param steps optimiser updates
   * @param tokens tokens computed in training, in this session
   * @param seconds wall-clock time of this session
   * @param checkpoint the last checkpoint's folder
   */
  public record Result(
      double validationLoss, long steps, long tokens, double seconds, Path checkpoint) {}

  /**
   * @param policy what is trained
   * @param output the run's folder
   * @param listener told how the run goes on
   */
  public SupervisedTrainer(
      Policy policy,
      Corpus corpus,
      SupervisedSettings settings,
      Path output,
      TrainingListener listener) {
    this.policy = policy;
    this.run = settings;
    this.settings = settings.trainer();
    this.checkpointSettings = settings.checkpoint();
    this.output = output;
    this.validation = corpus.validation();
    this.listener = listener;
    this.batches = batches(corpus.training(), settings.seed());
    this.weightUpdate =
        new WeightUpdate(
            policy, settings.optimizer(), batches.size(), this.settings.maxSkippedUpdates());
    this.checkpoints = new RunCheckpoints(output, checkpointSettings.keepLast(), listener::note);
  }

  /** The batches of all epochs, every epoch in an order of its own. */
  private List<List<SftExample>> batches(List<SftExample> examples, long seed) {
    List<List<SftExample>> all = new ArrayList<>();
    for (int epoch = 0; epoch < settings.epochs(); epoch++) {
      List<SftExample> order = new ArrayList<>(examples);
      Collections.shuffle(order, new Random(seed + epoch));
      all.addAll(Packing.byBudget(order, SupervisedTrainer::size, settings.batchTokens()));
    }
    return all;
  }

  private static int size(SftExample example) {
    return example.tokens().size();
  }

  /**
   * Trains to the end.
   *
   * @param checkpoint where to go on, whose weights the model already has; empty to begin
   * @throws TrainingException when too many updates in a row, or all, had to be skipped
   */
  public Result run(Optional<Checkpoint> checkpoint) throws IOException {
    long began = System.nanoTime();
    TrainingState state = TrainingState.NEW;
    if (checkpoint.isPresent()) {
      state = RunCheckpoints.restore(checkpoint.get().folder(), weightUpdate, listener::note);
    }
    Path last = checkpoint.map(Checkpoint::folder).orElse(null);
    long tokens = 0;
    double validationLoss = Double.NaN;
    Optional<MlflowLog> mlflow =
        MlflowLog.open(run.metrics(), output, (Record) run, listener::note);
    try (MetricsLog log = MetricsLog.open(output, state.step(), mlflow)) {
      while (state.step() < batches.size()) {
        List<SftExample> batch = batches.get(Math.toIntExact(state.step()));
        Map<String, Number> metrics = step(state.step(), batch);
        tokens += batch.stream().mapToLong(SupervisedTrainer::size).sum();
        boolean skipped = metrics.get("skipped_steps").longValue() > 0;
        state = state.afterUpdate(skipped);
        if (skipped) {
          listener.note("step " + state.step() + ": update skipped, the gradient was not finite");
        }
        boolean end = state.step() == batches.size();
        if (state.due(settings.validateEverySteps(), end) && !validation.isEmpty()) {
          validationLoss = validationLoss();
          metrics.put("validation_loss", validationLoss);
        }
        log.write(state.step(), metrics);
        listener.stepped(state.step(), batches.size(), metrics);
        if (state.due(checkpointSettings.everySteps(), end)) {
          last = checkpoints.write(state, false, policy, weightUpdate).folder();
        }
      }
      log.finished();
    }
    state.requireSomeUpdate();
    if (Double.isNaN(validationLoss) && !validation.isEmpty()) { // resumed where it had ended
      validationLoss = validationLoss();
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    return new Result(validationLoss, state.step(), tokens, seconds, last);
  }

  private Map<String, Number> step(long done, List<SftExample> batch) {
    long began = System.nanoTime();
    SftObjective objective = new SftObjective(Math.max(1, SftExample.learnedTokens(batch)));
    double loss = 0;
    for (List<SftExample> micro :
        Packing.byBudget(batch, SupervisedTrainer::size, settings.microBatchTokens())) {
      try (ForwardPass pass = policy.model().forward(trees(micro), ForwardOptions.TRAIN)) {
        SftObjective.Result result = objective.evaluate(micro, pass);
        pass.backward(result.dLogprob(), null);
        loss += result.loss();
      }
    }
    weightUpdate.startAt(done);
    policy.collectGradients();
    WeightUpdate.Outcome outcome = weightUpdate.apply();
    double seconds = (System.nanoTime() - began) / 1e9;
    Map<String, Number> metrics = new LinkedHashMap<>();
    metrics.put("loss", loss);
    metrics.put("gradient_norm", outcome.gradientNorm());
    metrics.put("learning_rate", outcome.learningRate());
    metrics.put("seconds", seconds);
    metrics.put(
        "tokens_per_second", batch.stream().mapToLong(SupervisedTrainer::size).sum() / seconds);
    metrics.put("skipped_steps", outcome.skipped() ? 1L : 0L);
    return metrics;
  }

  private double validationLoss() {
    SftObjective objective = new SftObjective(Math.max(1, SftExample.learnedTokens(validation)));
    double loss = 0;
    for (List<SftExample> micro :
        Packing.byBudget(validation, SupervisedTrainer::size, settings.microBatchTokens())) {
      try (ForwardPass pass = policy.model().forward(trees(micro), ForwardOptions.SCORE)) {
        loss += objective.evaluate(micro, pass).loss();
      }
    }
    return loss;
  }

  private static List<TokenTree> trees(List<SftExample> examples) {
    return examples.stream().map(SftExample::tokens).toList();
  }
}
