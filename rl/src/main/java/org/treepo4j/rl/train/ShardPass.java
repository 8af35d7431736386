package org.treepo4j.rl.train;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.treepo4j.model.CausalLm;
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

/** The passes over the trees of one shard, wherever they are computed. */
public final class ShardPass {
  private final LossSettings loss;
  private final TrainerSettings settings;
  private final Scoring scoring;
  private final ForwardOptions training;

  /**
   * What a gradient came with; of several shards, added up in their order.
   *
   * @param loss of the trees
   * @param statistics of the loss
   * @param computedTokens tokens of the passes
   * @param mismatch of the recorded log-probabilities, where trees were trained on-policy
   * @param forwardSeconds time of the forward passes; of shards computed side by side, added up
   * @param backwardSeconds likewise of the backward passes
   */
  public record Outcome(
      double loss,
      LossStatistics statistics,
      long computedTokens,
      LogprobMismatch mismatch,
      double forwardSeconds,
      double backwardSeconds)
      implements Serializable {

    /** Of no tree. */
    public static final Outcome NONE =
        new Outcome(0, LossStatistics.NONE, 0, LogprobMismatch.NONE, 0, 0);

    /** Both together. */
    public Outcome plus(Outcome next) {
      return new Outcome(
          loss + next.loss,
          statistics.plus(next.statistics),
          computedTokens + next.computedTokens,
          mismatch.plus(next.mismatch),
          forwardSeconds + next.forwardSeconds,
          backwardSeconds + next.backwardSeconds);
    }
  }

  /**
   * @param settings of the run; the ratio of new to old policy is taken at their sampling
   *     temperature
   */
  public ShardPass(TrainSettings settings) {
    this(settings.effectiveLoss(), settings.trainer(), settings.rollout().sampling().temperature());
  }

  ShardPass(LossSettings loss, TrainerSettings settings, double temperature) {
    this.loss = loss;
    this.settings = settings;
    this.scoring = new Scoring(temperature, settings.microBatchTokens());
    this.training = new ForwardOptions(temperature, true);
  }

  /**
   * Splits a list into so many runs of about equal size, which depend on the list alone. Runs that
   * would be empty are left out.
   *
   * @param size of an item, not negative
   */
  public static <T> List<List<T>> split(List<T> items, ToLongFunction<T> size, int shards) {
    long whole = items.stream().mapToLong(size).sum();
    List<List<T>> runs = new ArrayList<>();
    long before = 0;
    int from = 0;
    for (int shard = 1; shard <= shards && from < items.size(); shard++) {
      int to = from;
      // An item goes where its middle lies.
      while (to < items.size()
          && (shard == shards
              || (2 * before + size.applyAsLong(items.get(to))) * shards <= 2 * whole * shard)) {
        before += size.applyAsLong(items.get(to));
        to++;
      }
      if (to > from) {
        runs.add(List.copyOf(items.subList(from, to)));
      }
      from = to;
    }
    return runs;
  }

  /** Log-probabilities of the trees of one shard, {@code [trees][size]}. */
  public List<float[]> logprobs(CausalLm model, List<TokenTree> shard) {
    return scoring.logprobs(model, shard);
  }

  /**
   * Adds the gradient of the loss of one shard's trees to those of the model's weights.
   *
   * @param whole normalizer of the mini-batch that the shard is of
   * @param onPolicy as {@link PolicyPasses#gradient}
   */
  public Outcome gradient(
      CausalLm model, List<TrainingTree> shard, LossNormalizer whole, boolean onPolicy) {
    TreeObjective objective = new TreeObjective(loss, whole);
    Outcome sum = Outcome.NONE;
    for (List<TrainingTree> microBatch : microBatches(shard)) {
      sum = sum.plus(accumulate(model, objective, microBatch, onPolicy));
    }
    return sum;
  }

  private List<List<TrainingTree>> microBatches(List<TrainingTree> shard) {
    if (!settings.treeTraining()) {
      List<TrainingTree> chains = new ArrayList<>();
      for (TrainingTree tree : shard) {
        chains.addAll(tree.flattened());
      }
      return Packing.byBudget(chains, TrainingTree::uniqueTokens, settings.microBatchTokens());
    }
    List<TokenTree> tokens = shard.stream().map(TrainingTree::tokens).toList();
    List<List<TrainingTree>> microBatches = new ArrayList<>();
    int from = 0;
    for (MicroBatch microBatch : MicroBatch.split(tokens, settings.microBatchTokens())) {
      int to = from + microBatch.places().size();
      microBatches.add(microBatch.merge(shard.subList(from, to)));
      from = to;
    }
    return microBatches;
  }

  private Outcome accumulate(
      CausalLm model, TreeObjective objective, List<TrainingTree> microBatch, boolean onPolicy) {
    List<TokenTree> tokens = microBatch.stream().map(TrainingTree::tokens).toList();
    long computed = tokens.stream().mapToLong(TokenTree::size).sum();
    long began = System.nanoTime();
    try (ForwardPass pass = model.forward(tokens, training)) {
      double forwardSeconds = (System.nanoTime() - began) / 1e9;
      LogprobMismatch mismatch = LogprobMismatch.NONE;
      List<TrainingTree> trees = new ArrayList<>();
      for (int i = 0; i < microBatch.size(); i++) {
        TrainingTree tree = microBatch.get(i);
        if (onPolicy) {
          float[] present = pass.logprobs(i);
          mismatch = mismatch.plus(LogprobMismatch.of(tree, present));
          tree = tree.withOldLogprobs(present);
        }
        trees.add(tree);
      }
      LossResult result = objective.evaluate(trees, pass);
      began = System.nanoTime();
      pass.backward(result.dLogprob(), result.dEntropy());
      double backwardSeconds = (System.nanoTime() - began) / 1e9;
      return new Outcome(
          result.loss(), result.statistics(), computed, mismatch, forwardSeconds, backwardSeconds);
    }
  }
}
