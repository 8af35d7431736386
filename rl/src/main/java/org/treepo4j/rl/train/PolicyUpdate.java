package org.treepo4j.rl.train;

import java.util.List;
import org.treepo4j.rl.loss.Packing;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.run.WeightUpdate;

/**
 * Trains the policy on one batch of trees: mini-batches of whole trees, each an optimiser update.
 */
final class PolicyUpdate {
  private final PolicyPasses passes;
  private final WeightUpdate weightUpdate;
  private final TrainerSettings settings;

  PolicyUpdate(PolicyPasses passes, WeightUpdate weightUpdate, TrainerSettings settings) {
    this.passes = passes;
    this.weightUpdate = weightUpdate;
    this.settings = settings;
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
   * @param onPolicy whether the present policy's log-probabilities take the place of the trees' old
   *     ones, which are those recorded while sampling then
   */
  TrainingStep.Update run(List<TrainingTree> trees, long firstUpdate, boolean onPolicy) {
    weightUpdate.startAt(firstUpdate);
    ShardPass.Outcome sum = ShardPass.Outcome.NONE;
    double normSum = 0;
    double rate = 0;
    double optimizerSeconds = 0;
    int updates = 0;
    int skipped = 0;
    for (int epoch = 0; epoch < settings.epochsPerBatch(); epoch++) {
      for (List<TrainingTree> miniBatch : Packing.bySize(trees, settings.updatePrompts())) {
        sum = sum.plus(passes.gradient(miniBatch, onPolicy));
        long began = System.nanoTime();
        WeightUpdate.Outcome outcome = weightUpdate.apply();
        optimizerSeconds += (System.nanoTime() - began) / 1e9;
        updates++;
        skipped += outcome.skipped() ? 1 : 0;
        normSum += outcome.skipped() ? 0 : outcome.gradientNorm();
        rate = outcome.learningRate();
      }
    }
    double norm = updates == skipped ? Double.NaN : normSum / (updates - skipped);
    return new TrainingStep.Update(
        sum.loss() / updates, sum, norm, rate, updates, skipped, optimizerSeconds);
  }
}
