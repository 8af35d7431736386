package org.treepo4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.broadcast.Broadcast;
import org.treepo4j.base.InputException;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.sampling.GroupSampler;
import org.treepo4j.rl.sampling.LocalSampler;
import org.treepo4j.rl.sampling.PromptEncoder;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rl.train.LocalBackend;
import org.treepo4j.rl.train.PolicyPasses;
import org.treepo4j.rl.train.ShardPass;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rollout.BudgetSettings.BudgetControl;
import org.treepo4j.rollout.RolloutSettings;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * The model as it stays in the JVM of an executor from job to job, with its decoders: loaded once
 * per run, given new weights once per version. A lost executor's successor loads it again. Used by
 * one task at a time.
 */
final class ResidentModel implements AutoCloseable {
  private static ResidentModel present;

  private final String run;
  private final TrainSettings settings;
  private final Policy policy;
  private final Optional<CausalLm> reference;
  private final RewardRunner rewards;
  private final LocalBackend.Sampling sampling;
  private final ShardPass pass;
  private long version = -1;

  /**
   * By prompts of the round where trees depend on that, else one; closed when the policy is
   * trained.
   */
  private final Map<Integer, GroupSampler.Session> sessions = new HashMap<>();

  private static final int EVALUATION = -1;
  private static final int ANY_ROUND = 0;

  /**
   * The model of a run with the weights of a version.
   *
   * @param description of the run
   * @param weights of the version
   */
  static synchronized ResidentModel at(
      String run, long version, Broadcast<RunDescription> description, Broadcast<Tensors> weights)
      throws IOException {
    if (present == null || !present.run.equals(run)) {
      leave();
      present = new ResidentModel(description.value());
    }
    if (present.version != version) {
      present.take(version, weights.value());
    }
    return present;
  }

  /** Lets go of the model that is here, if any. */
  static synchronized void leave() throws IOException {
    if (present != null) {
      present.close();
      present = null;
    }
  }

  private ResidentModel(RunDescription description) throws IOException {
    run = description.id();
    WorkerFacts.ofThisJvm()
        .problem(description.driver(), description.engine(), description.neededBytes())
        .ifPresent(
            problem -> {
              throw new InputException(problem);
            });
    settings = description.settings();
    String engine = Engines.choose(settings.training()).name();
    if (!engine.equals(description.engine())) {
      throw new InputException(
          "an executor would compute with the engine %s, the driver says %s; name one by engine"
              .formatted(engine, description.engine()));
    }
    Path folder = RunDescription.folder(description.files());
    Tokenizer tokenizer;
    PromptEncoder prompts;
    ModelConfig config;
    try {
      ModelTokenizer opened = ModelTokenizer.open(folder);
      tokenizer = opened.tokenizer();
      prompts = PromptEncoder.of(opened);
      config = ModelSource.readConfig(folder);
    } finally {
      RunDescription.delete(folder);
    }
    Weights weights = zeros(config);
    if (description.base() != null) {
      description.base().copyInto(weights.parameters());
    }
    Policy trained =
        Policy.of(weights, settings.lora(), settings.training(), settings.seed(), settings.model());
    policy =
        settings.sameEngine()
            ? trained
            : Policy.sampledBy(
                trained, Engines.open(trained.model().weights(), settings.sampling()));
    reference = reference(description);
    rewards =
        description.reward() == null
            ? settings.reward().runner(settings.rollout().maxResponseTokens())
            : settings.reward().runner(description.reward());
    sampling =
        new LocalBackend.Sampling(
            tokenizer,
            prompts,
            rewards,
            description.branching() == null
                ? settings.rollout().allotment().policy()
                : description.branching());
    pass = new ShardPass(settings);
  }

  private Optional<CausalLm> reference(RunDescription description) throws IOException {
    if (description.reference() == null) {
      return Optional.empty();
    }
    Path folder = RunDescription.folder(description.reference().files());
    Weights frozen;
    try {
      frozen = zeros(ModelSource.readConfig(folder));
    } finally {
      RunDescription.delete(folder);
    }
    description.reference().weights().copyInto(frozen.parameters());
    return Optional.of(Engines.open(frozen, settings.training()));
  }

  private static Weights zeros(ModelConfig config) {
    List<Parameter> parameters = new ArrayList<>();
    TensorNames.shapes(config)
        .forEach(
            (name, shape) -> {
              int size = 1;
              for (int dimension : shape) {
                size = Math.multiplyExact(size, dimension);
              }
              parameters.add(new Parameter(name, shape, new float[size], true));
            });
    return new Weights(config, parameters);
  }

  private void take(long next, Tensors weights) {
    closeSessions();
    weights.copyInto(policy.trainable().parameters());
    policy.weightsChanged();
    version = next;
  }

  /**
   * Samples and scores one tree per task.
   *
   * @param evaluation whether by independent samples
   * @param round prompts of the round that the tasks are of
   */
  synchronized TaskSampler.Sampled sample(
      boolean evaluation, List<Task> tasks, long stream, double progress, int round) {
    return session(evaluation, round).sample(tasks, stream, progress);
  }

  private GroupSampler.Session session(boolean evaluation, int round) {
    RolloutSettings rollout = settings.rollout();
    boolean shared =
        rollout.budget().control() == BudgetControl.TOKEN_BUDGET && rollout.budget().prompts() == 0;
    int key = evaluation ? EVALUATION : shared ? round : ANY_ROUND;
    return sessions.computeIfAbsent(
        key,
        any -> {
          ModelConfig config = policy.model().config();
          TaskSampler sampler =
              evaluation
                  ? sampling.evaluation(settings, config)
                  : sampling.groups(shared ? sharedBy(round) : settings, config);
          return new LocalSampler(policy.sampler(), sampler, settings.seed()).open();
        });
  }

  private TrainSettings sharedBy(int prompts) {
    return Settings.of(settings).set("rollout.budget.prompts", prompts).build();
  }

  /** Log-probabilities of one shard's trees. */
  synchronized List<float[]> logprobs(PolicyPasses.Model model, List<TokenTree> shard) {
    CausalLm computes =
        model == PolicyPasses.Model.POLICY ? policy.model() : reference.orElseThrow();
    return pass.logprobs(computes, shard);
  }

  /** A shard's gradient from zero, and what it came with. */
  record ShardGradient(ShardPass.Outcome outcome, Tensors gradient) {}

  /** The gradient of one shard's trees. */
  synchronized ShardGradient gradient(
      List<TrainingTree> shard, LossNormalizer whole, boolean onPolicy) {
    closeSessions(); // the estimate of memory has decoders or activations, not both
    policy.trainable().zeroGradients();
    ShardPass.Outcome outcome = pass.gradient(policy.model(), shard, whole, onPolicy);
    return new ShardGradient(outcome, Tensors.gradients(policy.trainable().parameters()));
  }

  private void closeSessions() {
    sessions.values().forEach(GroupSampler.Session::close);
    sessions.clear();
  }

  @Override
  public void close() throws IOException {
    closeSessions();
    try (CausalLm trained = policy.model();
        CausalLm sampler = policy.sampler() == trained ? null : policy.sampler()) {
      reference.ifPresent(CausalLm::close);
    } finally {
      rewards.close();
    }
  }
}
