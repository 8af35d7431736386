package org.treepo4j.report.explain;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.loss.TreeObjective;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.run.WeightUpdate;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rl.train.PolicyPasses;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rl.train.TrainingStep;
import org.treepo4j.rollout.RolloutProgress;
import org.treepo4j.rollout.Trajectory;

/**
 * Makes the first step of a run on a single tree and keeps what it saw. It differs from a step of
 * training in its size only: a real one has {@code trainer.promptsPerStep} trees, which share the
 * whitening and the divisor of the loss.
 */
public final class StepExplainer {
  private static final long FIRST_STEP = 1;

  private final TrainSettings settings;
  private final Policy policy;
  private final Optional<CausalLm> reference;
  private final TaskSampler sampler;

  /**
   * @param policy is changed by the update
   * @param reference frozen policy of KL terms; empty where the settings ask for none
   * @param sampler samples from the policy as the settings say
   */
  public StepExplainer(
      TrainSettings settings, Policy policy, Optional<CausalLm> reference, TaskSampler sampler) {
    this.settings = settings;
    this.policy = policy;
    this.reference = reference;
    this.sampler = sampler;
  }

  /**
   * Samples the tasks one after the other until a tree has something to show, that is a sub-group
   * below the prompt whose rewards differ, and makes the step on it.
   *
   * @param tasks at least one; when none has such a tree, the best of what there is is taken
   */
  public ExplainedStep explain(List<Task> tasks) {
    if (tasks.isEmpty()) {
      throw new IllegalArgumentException("tasks must hold at least one task");
    }
    ScoredTree best = null;
    int sampled = 0;
    try (BranchingDecoder decoder = policy.model().decoder(DecoderOptions.defaults())) {
      for (int i = 0; i < tasks.size() && (best == null || !hasInnerContrast(best)); i++) {
        ScoredTree tree =
            sampler
                .sample(
                    decoder,
                    List.of(tasks.get(i)),
                    settings.seed(),
                    FIRST_STEP,
                    0,
                    RolloutProgress.SILENT)
                .trees()
                .get(0);
        if (best == null || rank(tree) > rank(best)) {
          best = tree;
        }
        sampled++;
      }
    }
    if (best.tree().trajectories().isEmpty()) {
      throw new IllegalArgumentException(
          "the tree of " + best.task().prompt().text() + " has no trajectory");
    }
    return step(best, sampled);
  }

  private ExplainedStep step(ScoredTree scored, int sampledTasks) {
    AdvantageEstimator.Explaining estimator = AdvantageEstimators.create(settings.advantage());
    WeightUpdate weightUpdate =
        new WeightUpdate(
            policy,
            settings.optimizer(),
            (long) settings.trainer().steps() * settings.trainer().updatesPerStep(),
            settings.trainer().maxSkippedUpdates());
    TrainingStep step =
        new TrainingStep(
            PolicyPasses.local(policy, reference, settings), estimator, settings, weightUpdate);
    List<TokenTree> tokens = List.of(scored.tree().toTokenTree());
    float[] before = step.logprobs(tokens).get(0);
    TrainingStep.Outcome outcome = step.train(FIRST_STEP, List.of(scored));
    float[] after = step.logprobs(tokens).get(0);
    if (outcome.training().isEmpty()) {
      throw new IllegalArgumentException(
          "every response to "
              + scored.task().prompt().text()
              + " was cut, and loss.overlongFiltering leaves those out of the loss");
    }
    TrainingTree training = outcome.training().get(0).withOldLogprobs(before);
    LossSettings loss = settings.effectiveLoss();
    List<Trajectory> trajectories = scored.tree().trajectories();
    TreeObjective objective = new TreeObjective(loss, LossNormalizer.of(List.of(training)));
    return new ExplainedStep(
        scored,
        sampledTasks,
        estimator.explain(List.of(scored.tree())).get(0),
        IntStream.range(0, trajectories.size())
            .filter(i -> loss.takesPart(scored.tree(), trajectories.get(i)))
            .boxed()
            .toList(),
        training,
        outcome.update().loss(),
        objective.explain(training, before),
        outcome.update().gradientNorm(),
        outcome.update().learningRate(),
        after,
        objective.explain(training, after));
  }

  private static int rank(ScoredTree tree) {
    return hasInnerContrast(tree) ? 3 : tree.hasContrast() ? 2 : tree.scores().isEmpty() ? 0 : 1;
  }

  private static boolean hasInnerContrast(ScoredTree tree) {
    return SubGroups.of(tree.tree()).stream()
        .anyMatch(group -> group.node() != 0 && group.differ());
  }
}
