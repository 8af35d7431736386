package org.treepo4j.report.explain;

import java.util.List;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.GradientClipping;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.advantage.AdvantageBreakdown;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossResult;
import org.treepo4j.rl.loss.TokenLoss;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.loss.TreeObjective;
import org.treepo4j.rl.run.OptimizerSettings;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rollout.RolloutProgress;

/**
 * Makes the first step of a run on a single tree and keeps what it saw. It differs from a step of
 * training in its size only: a real one has {@code trainer.promptsPerStep} trees, which share the
 * whitening and the divisor of the loss.
 */
public final class StepExplainer {
  private static final long FIRST_STEP = 1;

  private final TrainSettings settings;
  private final Policy policy;
  private final TaskSampler sampler;
  private final ForwardOptions scoring;

  /**
   * @param policy is changed by the update
   * @param sampler samples from the policy as the settings say
   */
  public StepExplainer(TrainSettings settings, Policy policy, TaskSampler sampler) {
    this.settings = settings;
    this.policy = policy;
    this.sampler = sampler;
    this.scoring = new ForwardOptions(settings.rollout().sampling().temperature(), false);
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
    List<AdvantageBreakdown> advantages =
        AdvantageEstimators.create(settings.advantage()).explain(List.of(scored.tree())).get(0);
    double[][] byToken =
        advantages.stream().map(AdvantageBreakdown::tokens).toArray(double[][]::new);
    List<TokenTree> tokens = List.of(scored.tree().toTokenTree());
    TrainingTree training;
    LossResult loss;
    TreeObjective objective;
    policy.trainable().zeroGradients();
    try (ForwardPass pass =
        policy.model().forward(tokens, new ForwardOptions(scoring.temperature(), true))) {
      float[] present = pass.logprobs(0);
      // A run begins at its reference policy, so that its log-probabilities are the present ones.
      float[] reference = settings.loss().needsReference() ? present : null;
      training = TrainingTree.of(scored.tree(), byToken, present, reference);
      objective = new TreeObjective(settings.loss(), LossNormalizer.of(List.of(training)));
      loss = objective.evaluate(List.of(training), pass);
      pass.backward(loss.dLogprob(), loss.dEntropy());
    }
    List<TokenLoss> before = objective.explain(training, training.oldLogprobs());
    double rate = learningRate();
    double norm = update(rate);
    float[] after;
    try (ForwardPass pass = policy.model().forward(tokens, scoring)) {
      after = pass.logprobs(0);
    }
    return new ExplainedStep(
        scored,
        sampledTasks,
        advantages,
        training,
        loss.loss(),
        before,
        norm,
        rate,
        after,
        objective.explain(training, after));
  }

  private double learningRate() {
    long updates = (long) settings.trainer().steps() * settings.trainer().updatesPerStep();
    return settings.optimizer().learningRate().rate(0, updates);
  }

  /** One AdamW step on the accumulated gradient; returns the gradient's norm before clipping. */
  private double update(double rate) {
    OptimizerSettings optimizer = settings.optimizer();
    policy.collectGradients();
    double clip = optimizer.gradientClip() > 0 ? optimizer.gradientClip() : Double.MAX_VALUE;
    double norm = GradientClipping.clip(policy.trainable(), clip);
    if (Double.isFinite(norm)) {
      new AdamW(
              policy.trainable(),
              optimizer.beta1(),
              optimizer.beta2(),
              optimizer.epsilon(),
              optimizer.weightDecay())
          .step(rate);
      policy.weightsChanged();
    }
    policy.trainable().zeroGradients();
    return norm;
  }

  private static int rank(ScoredTree tree) {
    return hasInnerContrast(tree) ? 3 : tree.hasContrast() ? 2 : tree.scores().isEmpty() ? 0 : 1;
  }

  private static boolean hasInnerContrast(ScoredTree tree) {
    return SubGroups.of(tree.tree()).stream()
        .anyMatch(group -> group.node() != 0 && group.differ());
  }
}
