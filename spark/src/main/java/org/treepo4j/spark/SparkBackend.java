package org.treepo4j.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.spark.broadcast.Broadcast;
import org.treepo4j.base.InputException;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Optimizer;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rl.cluster.Cluster;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.sampling.GroupSampler;
import org.treepo4j.rl.train.Backend;
import org.treepo4j.rl.train.PolicyPasses;
import org.treepo4j.rl.train.TrainSettings;

/**
 * Samples and computes on executors. The policy's weights are broadcast once per version, when the
 * first job needs them; executors keep the model ({@link ResidentModel}).
 */
final class SparkBackend implements Backend {
  private final SparkCluster cluster;
  private final Policy policy;
  private final Broadcast<RunDescription> run;
  private final String runId;
  private final StepCosts costs;
  private final int slots;
  private final TrainSettings settings;
  private long version;
  private Broadcast<Tensors> weights;

  /** Where a task finds the model with the present weights. */
  record Place(
      String run, long version, Broadcast<RunDescription> description, Broadcast<Tensors> weights)
      implements Serializable {

    ResidentModel model() throws IOException {
      return ResidentModel.at(run, version, description, weights);
    }
  }

  /** The policy as the driver has it: executors compute, so nothing here waits for new weights. */
  private final class OnDriver implements Policy {
    private final Policy trained;

    OnDriver(Policy trained) {
      this.trained = trained;
    }

    @Override
    public CausalLm model() {
      return trained.model();
    }

    @Override
    public Weights trainable() {
      return trained.trainable();
    }

    @Override
    public Optimizer optimizer(AdamW.Settings settings) {
      return trained.optimizer(settings);
    }

    @Override
    public void updated() {
      weightsChanged();
    }

    @Override
    public void weightsChanged() {
      version++;
      if (weights != null) {
        weights.destroy();
        weights = null;
      }
    }

    @Override
    public void writeInto(Path folder) throws IOException {
      trained.writeInto(folder);
    }
  }

  private SparkBackend(
      SparkCluster cluster, RunDescription run, Policy policy, int slots, TrainSettings settings) {
    this.cluster = cluster;
    this.runId = run.id();
    this.run = cluster.context().broadcast(run);
    this.policy = new OnDriver(policy);
    this.slots = slots;
    this.settings = settings;
    this.costs = new StepCosts(slots);
  }

  /** Refuses executors that cannot take part, and what cannot travel. */
  static SparkBackend open(SparkCluster cluster, Cluster.Run given) throws IOException {
    requireSerializable("reward", given.reward());
    requireSerializable("branching policy", given.branching());
    EngineOptions engine = given.settings().training();
    String name = Engines.choose(engine).name();
    int threads = engine.threads() == 0 ? cluster.cores() : engine.threads();
    RunDescription run =
        RunDescription.of(
            UUID.randomUUID().toString(), given, given.policy().model().config(), name, threads);
    for (WorkerFacts worker : cluster.workers()) {
      worker
          .problem(run.driver(), name, run.neededBytes())
          .ifPresent(
              problem -> {
                throw new InputException(problem);
              });
    }
    int slots = cluster.executors().size();
    cluster.note(
        "executors: %d, with %d threads each; the run needs about %d MB on each"
            .formatted(slots, threads, run.neededBytes() >> 20));
    if (given.settings().trainer().shards() == 1 && slots > 1) {
      cluster.note(
          "trainer.shards is 1, so one executor computes all gradients; %d would occupy all"
              .formatted(2 * slots));
    }
    return new SparkBackend(cluster, run, given.policy(), slots, given.settings());
  }

  private static void requireSerializable(String what, Optional<?> part) {
    if (part.isPresent() && !(part.get() instanceof Serializable)) {
      throw new InputException(
          "a %s that a program gives must be java.io.Serializable to go to executors, %s is not"
              .formatted(what, part.get().getClass().getName()));
    }
  }

  /** The model with the present weights, which are broadcast where they have not been. */
  Place place() {
    if (weights == null) {
      long began = System.nanoTime();
      weights = cluster.context().broadcast(Tensors.values(policy.trainable().parameters()));
      costs.broadcast(System.nanoTime() - began);
    }
    return new Place(runId, version, run, weights);
  }

  /**
   * A job is done: executors that took part have the model, and need no second copy of what it was
   * loaded from. Others, and successors of lost ones, get it from the driver.
   */
  void jobDone() {
    run.unpersist(false);
    weights.unpersist(false);
  }

  /** Tasks that run at once. */
  int slots() {
    return slots;
  }

  StepCosts costs() {
    return costs;
  }

  SparkCluster cluster() {
    return cluster;
  }

  @Override
  public Policy policy() {
    return policy;
  }

  @Override
  public GroupSampler groups() {
    return new SparkSampler(this, false, settings.rollout().maxWidth());
  }

  @Override
  public GroupSampler evaluation() {
    return new SparkSampler(this, true, settings.evaluation().samples());
  }

  @Override
  public PolicyPasses passes() {
    return new SparkPasses(
        this, policy.trainable(), settings.trainer().shards(), SparkPasses.Limits.USUAL);
  }

  @Override
  public Map<String, Number> stepMetrics() {
    return costs.take(cluster.executors().size());
  }
}
