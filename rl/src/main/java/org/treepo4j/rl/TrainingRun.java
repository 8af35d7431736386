package org.treepo4j.rl;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.checkpoints.CheckpointStore.Checkpoint;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rl.cluster.Cluster;
import org.treepo4j.rl.data.TaskFile;
import org.treepo4j.rl.reward.Reward;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.run.RunFolder;
import org.treepo4j.rl.run.TrainingListener;
import org.treepo4j.rl.train.Backend;
import org.treepo4j.rl.train.LocalBackend;
import org.treepo4j.rl.train.MemoryEstimate;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rl.train.Trainer;
import org.treepo4j.rl.train.TrainingInputs;
import org.treepo4j.rollout.BranchingPolicy;

/**
 * A reinforcement learning run as programs start it: settings, and what a program puts in the place
 * of parts that settings name. {@code ./treepo train} is this class with a console.
 *
 * <pre>{@code
 * TrainingRun.Result result =
 *     TrainingRun.of(Path.of("train.yaml"), "trainer.steps=20")
 *         .reward(input -> Score.of(1.0 / input.responseTokens()))
 *         .run();
 * }</pre>
 *
 * <p>An instance is immutable; every method gives a changed copy.
 */
public final class TrainingRun {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final TrainSettings settings;
  private final Optional<Reward> reward;
  private final AdvantageEstimator estimator;
  private final Optional<BranchingPolicy> branching;
  private final TrainingListener listener;
  private final boolean resume;
  private final Optional<Cluster.Connection> cluster;

  /**
   * What a run came to.
   *
   * @param folder of the run
   * @param summary accuracies, counters and checkpoints
   * @param seconds of this session
   */
  public record Result(Path folder, Trainer.Summary summary, double seconds) {

    /** The line that {@code ./treepo train} ends with and {@code summary.json} keeps. */
    public String toJson() {
      ObjectNode json = JSON.createObjectNode();
      putFinite(json, "accuracy_before", summary.accuracyBefore());
      putFinite(json, "accuracy_after", summary.accuracyAfter());
      putFinite(json, "accuracy_best", summary.bestAccuracy());
      json.put("steps", summary.state().step());
      json.put("seconds", Math.round(seconds * 1000) / 1000.0);
      json.put("sampled_tokens", summary.state().sampledTokens());
      json.put("trajectory_tokens", summary.state().trajectoryTokens());
      json.put("computed_tokens", summary.state().computedTokens());
      json.put("updates", summary.state().updates());
      json.put("skipped_updates", summary.state().skippedUpdates());
      json.put("run", folder.toString());
      json.put("checkpoint", summary.checkpoint().toString());
      json.put("best_checkpoint", summary.bestCheckpoint().map(Path::toString).orElse(null));
      return json.toString();
    }

    private static void putFinite(ObjectNode json, String name, double value) {
      if (Double.isFinite(value)) {
        json.put(name, value);
      } else {
        json.putNull(name);
      }
    }
  }

  private TrainingRun(
      TrainSettings settings,
      Optional<Reward> reward,
      AdvantageEstimator estimator,
      Optional<BranchingPolicy> branching,
      TrainingListener listener,
      boolean resume,
      Optional<Cluster.Connection> cluster) {
    this.settings = Objects.requireNonNull(settings, "settings");
    this.reward = reward;
    this.estimator = Objects.requireNonNull(estimator, "estimator");
    this.branching = branching;
    this.listener = Objects.requireNonNull(listener, "listener");
    this.resume = resume;
    this.cluster = cluster;
  }

  /** A run by settings alone. */
  public static TrainingRun of(TrainSettings settings) {
    return new TrainingRun(
        settings,
        Optional.empty(),
        AdvantageEstimators.create(settings.advantage()),
        Optional.empty(),
        TrainingListener.NONE,
        false,
        Optional.empty());
  }

  /**
   * A run by a settings file.
   *
   * @param overrides settings as {@code a.b=value}, which go before those of the file
   * @throws org.treepo4j.base.settings.SettingsException for settings that are not understood
   */
  public static TrainingRun of(Path yaml, String... overrides) {
    return of(SettingsReader.read(TrainSettings.class, yaml, List.of(overrides)));
  }

  /** Scores responses with this reward instead of that of the settings. */
  public TrainingRun reward(Reward other) {
    return new TrainingRun(
        settings, Optional.of(other), estimator, branching, listener, resume, cluster);
  }

  /** Takes this estimator instead of that of the settings. */
  public TrainingRun estimator(AdvantageEstimator other) {
    return new TrainingRun(settings, reward, other, branching, listener, resume, cluster);
  }

  /** Shares children by this policy instead of that of the settings. */
  public TrainingRun branching(BranchingPolicy other) {
    return new TrainingRun(
        settings, reward, estimator, Optional.of(other), listener, resume, cluster);
  }

  /** Tells this listener of every step. */
  public TrainingRun listener(TrainingListener other) {
    return new TrainingRun(settings, reward, estimator, branching, other, resume, cluster);
  }

  /** Goes on from the newest complete checkpoint in the output folder, if there is one. */
  public TrainingRun resume(boolean wanted) {
    return new TrainingRun(settings, reward, estimator, branching, listener, wanted, cluster);
  }

  /**
   * Samples and computes on a cluster, which is left when the run ends. A reward and a branching
   * policy of the program's own must be {@link java.io.Serializable} then.
   */
  public TrainingRun cluster(Cluster.Connection connection) {
    return new TrainingRun(
        settings, reward, estimator, branching, listener, resume, Optional.of(connection));
  }

  /**
   * Trains to the end. Everything that can be refused is refused before weights are loaded.
   *
   * @throws IOException for files that cannot be read or written
   * @throws org.treepo4j.base.InputException for what does not belong together
   * @throws org.treepo4j.model.EngineUnavailableException when the engine cannot run here
   * @throws org.treepo4j.rl.run.TrainingException when the run cannot go on
   */
  public Result run() throws IOException {
    long began = System.nanoTime();
    TrainingInputs.requireWeights(settings);
    TrainingInputs inputs = TrainingInputs.open(settings);
    inputs.droppedNote().ifPresent(listener::note);
    settings.requireEngines();
    MemoryEstimate memory = inputs.memory(settings);
    if (cluster.isEmpty()) {
      memory.require(Runtime.getRuntime().maxMemory());
    } else {
      memory.requireOnDriver(Runtime.getRuntime().maxMemory());
    }
    try (RewardRunner rewards = rewards();
        RunFolder folder = RunFolder.open(settings, settings.output(), resume, listener)) {
      TrainSettings placed = settings.withOutput(folder.path());
      folder.requireCheckpointOf(inputs.config(), settings.lora());
      folder.writeSettings(settings);
      Trainer.Summary summary =
          cluster.isPresent()
              ? trainOn(cluster.get(), placed, inputs, folder)
              : trainHere(placed, inputs, folder, rewards);
      Result result = new Result(folder.path(), summary, (System.nanoTime() - began) / 1e9);
      folder.writeSummary(result.toJson());
      return result;
    }
  }

  private Trainer.Summary trainHere(
      TrainSettings placed, TrainingInputs inputs, RunFolder folder, RewardRunner rewards)
      throws IOException {
    try (Models models = Models.open(placed, folder)) {
      LocalBackend.Sampling sampling =
          new LocalBackend.Sampling(
              inputs.tokenizer(),
              inputs.prompts(),
              rewards,
              branching.orElseGet(() -> settings.rollout().allotment().policy()));
      return train(
          placed,
          inputs,
          folder,
          LocalBackend.of(placed, models.policy(), models.reference(), sampling));
    }
  }

  private Trainer.Summary trainOn(
      Cluster.Connection connection, TrainSettings placed, TrainingInputs inputs, RunFolder folder)
      throws IOException {
    long workerBytes = inputs.memory(placed).ofWorker();
    try (Cluster workers = connection.open()) {
      Policy policy = Models.policy(placed, folder);
      try (CausalLm model = policy.model()) {
        return train(
            placed,
            inputs,
            folder,
            workers.backend(new Cluster.Run(placed, policy, workerBytes, reward, branching)));
      }
    }
  }

  private Trainer.Summary train(
      TrainSettings placed, TrainingInputs inputs, RunFolder folder, Backend backend)
      throws IOException {
    Trainer trainer =
        new Trainer(
            placed,
            new Trainer.Parts(
                backend,
                inputs.tokenizer(),
                settings.data().source(inputs.train(), settings.seed()),
                TaskFile.allTasks(inputs.test()),
                estimator),
            listener);
    return folder.train(() -> trainer.run(folder.checkpoint()));
  }

  private RewardRunner rewards() {
    return reward
        .map(settings.reward()::runner)
        .orElseGet(() -> settings.reward().runner(settings.rollout().maxResponseTokens()));
  }

  /** The policy, and the frozen one of KL terms where the settings ask for it. */
  private record Models(Policy policy, Optional<CausalLm> reference) implements AutoCloseable {

    static Policy policy(TrainSettings settings, RunFolder folder) throws IOException {
      return Policy.open(
          settings.model(),
          settings.lora(),
          settings.training(),
          settings.seed(),
          folder.checkpoint().map(Checkpoint::folder));
    }

    static Models open(TrainSettings settings, RunFolder folder) throws IOException {
      Policy policy = policy(settings, folder);
      try {
        if (!settings.sameEngine()) {
          policy =
              Policy.sampledBy(policy, Engines.open(policy.model().weights(), settings.sampling()));
        }
        return new Models(
            policy,
            settings.loss().needsReference()
                ? Optional.of(Engines.open(settings.referenceModel(), settings.training()))
                : Optional.empty());
      } catch (IOException | RuntimeException | Error e) {
        new Models(policy, Optional.empty()).close();
        throw e;
      }
    }

    @Override
    public void close() {
      try (CausalLm trained = policy.model();
          CausalLm sampler = policy.sampler() == trained ? null : policy.sampler()) {
        reference.ifPresent(CausalLm::close);
      }
    }
  }
}
