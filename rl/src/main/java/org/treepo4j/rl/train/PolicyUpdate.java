package org.treepo4j.rl.train;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossResult;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.LossStatistics;
import org.treepo4j.rl.loss.MicroBatch;
import org.treepo4j.rl.loss.Packing;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.loss.TreeObjective;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.run.WeightUpdate;

/**
 * Trains the policy on one batch of trees: mini-batches of whole trees, each an optimiser update
 * whose gradient is accumulated over micro-batches and does not depend on their split.
 */
final class PolicyUpdate {
  private final Policy policy;
  private final WeightUpdate weightUpdate;
  private final LossSettings loss;
  private final TrainerSettings settings;
  private final ForwardOptions options;

  /**
   * What a batch's updates did.
   *
   * @param loss mean over the updates
   * @param statistics summed over all updates
   * @param gradientNorm mean over the updates that were not skipped
   * @param learningRate of the last update
   * @param skipped updates whose gradient was thrown away
   * @param computedTokens tokens of all forward passes
   */
  record Report(
      double loss,
      LossStatistics statistics,
      double gradientNorm,
      double learningRate,
      int updates,
      int skipped,
      long computedTokens) {

    /** Of a step that had nothing to learn from. */
    static final Report NONE =
        new Report(Double.NaN, LossStatistics.NONE, Double.NaN, Double.NaN, 0, 0, 0);
  }

  /**
   * @param temperature of the sampling, at which the ratio of new to old policy is taken
   */
  PolicyUpdate(
      Policy policy,
      WeightUpdate weightUpdate,
      LossSettings loss,
      TrainerSettings settings,
      double temperature) {
    this.policy = policy;
    this.weightUpdate = weightUpdate;
    this.loss = loss;
    this.settings = settings;
    this.options = new ForwardOptions(temperature, true);
  }

  /**
   * Whether every batch gives one update only; then the old policy is the present one, and its
   * log-probabilities need no pass of their own.
   */
  boolean onPolicy(int trees) {
    return settings.epochsPerBatch() == 1 && settings.updatePrompts() >= trees;
  }

  /**
   * @param trees of one batch
   * @param firstUpdate which of the run's planned updates comes next, 0 for the first
   * @param mismatch null when the trees have the old policy's log-probabilities; otherwise, which
   *     needs {@link #onPolicy}, they have those recorded while sampling, the present policy's take
   *     their place, and this is told how far apart the two are
   */
  Report run(List<TrainingTree> trees, long firstUpdate, LogprobMismatch mismatch) {
    weightUpdate.startAt(firstUpdate);
    double lossSum = 0;
    double normSum = 0;
    double rate = 0;
    int updates = 0;
    int skipped = 0;
    long computed = 0;
    LossStatistics statistics = LossStatistics.NONE;
    for (int epoch = 0; epoch < settings.epochsPerBatch(); epoch++) {
      for (List<TrainingTree> miniBatch : Packing.bySize(trees, settings.updatePrompts())) {
        TreeObjective objective = new TreeObjective(loss, LossNormalizer.of(miniBatch));
        for (List<TrainingTree> microBatch : microBatches(miniBatch)) {
          LossResult result = accumulate(objective, microBatch, mismatch);
          lossSum += result.loss();
          statistics = statistics.plus(result.statistics());
          computed += microBatch.stream().mapToLong(TrainingTree::uniqueTokens).sum();
        }
        WeightUpdate.Outcome outcome = weightUpdate.apply();
        updates++;
        skipped += outcome.skipped() ? 1 : 0;
        normSum += outcome.skipped() ? 0 : outcome.gradientNorm();
        rate = outcome.learningRate();
      }
    }
    double norm = updates == skipped ? Double.NaN : normSum / (updates - skipped);
    return new Report(lossSum / updates, statistics, norm, rate, updates, skipped, computed);
  }

  private List<List<TrainingTree>> microBatches(List<TrainingTree> miniBatch) {
    if (!settings.treeTraining()) {
      List<TrainingTree> chains = new ArrayList<>();
      for (TrainingTree tree : miniBatch) {
        chains.addAll(tree.flattened());
      }
      return Packing.byBudget(chains, TrainingTree::uniqueTokens, settings.microBatchTokens());
    }
    List<TokenTree> tokens = miniBatch.stream().map(TrainingTree::tokens).toList();
    List<List<TrainingTree>> microBatches = new ArrayList<>();
    int from = 0;
    for (MicroBatch microBatch : MicroBatch.split(tokens, settings.microBatchTokens())) {
      int to = from + microBatch.places().size();
      microBatches.add(microBatch.merge(miniBatch.subList(from, to)));
      from = to;
    }
    return microBatches;
  }

  private LossResult accumulate(
      TreeObjective objective, List<TrainingTree> microBatch, LogprobMismatch mismatch) {
    List<TokenTree> tokens = microBatch.stream().map(TrainingTree::tokens).toList();
    try (ForwardPass pass = policy.model().forward(tokens, options)) {
      List<TrainingTree> trees = microBatch;
      if (mismatch != null) {
        trees = new ArrayList<>();
        for (int i = 0; i < microBatch.size(); i++) {
          float[] present = pass.logprobs(i);
          mismatch.add(microBatch.get(i), present);
          trees.add(microBatch.get(i).withOldLogprobs(present));
        }
      }
      LossResult result = objective.evaluate(trees, pass);
      pass.backward(result.dLogprob(), result.dEntropy());
      return result;
    }
  }
}
