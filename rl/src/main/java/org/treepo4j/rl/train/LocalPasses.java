package org.treepo4j.rl.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.run.Policy;

/** Computes one shard after the other on this machine. */
final class LocalPasses implements PolicyPasses {
  private final Policy policy;
  private final Optional<CausalLm> reference;
  private final int shards;
  private final ShardPass pass;
  private final GradientSum sum;

  /**
   * @param reference frozen policy for KL terms; empty when the settings ask for none
   */
  LocalPasses(Policy policy, Optional<CausalLm> reference, TrainSettings settings) {
    this(policy, reference, settings.trainer().shards(), new ShardPass(settings));
  }

  LocalPasses(Policy policy, Optional<CausalLm> reference, int shards, ShardPass pass) {
    this.policy = policy;
    this.reference = reference;
    this.shards = shards;
    this.pass = pass;
    this.sum = new GradientSum(policy.trainable());
  }

  @Override
  public List<float[]> logprobs(Model model, List<TokenTree> trees) {
    CausalLm computes = model == Model.POLICY ? policy.model() : reference.orElseThrow();
    List<float[]> logprobs = new ArrayList<>();
    for (List<TokenTree> shard : ShardPass.split(trees, TokenTree::size, shards)) {
      logprobs.addAll(pass.logprobs(computes, shard));
    }
    return logprobs;
  }

  @Override
  public ShardPass.Outcome gradient(List<TrainingTree> miniBatch, boolean onPolicy) {
    LossNormalizer whole = LossNormalizer.of(miniBatch);
    ShardPass.Outcome outcome = ShardPass.Outcome.NONE;
    List<List<TrainingTree>> runs = ShardPass.split(miniBatch, TrainingTree::uniqueTokens, shards);
    for (List<TrainingTree> shard : runs) {
      outcome = outcome.plus(pass.gradient(policy.model(), shard, whole, onPolicy));
      policy.collectGradients();
      if (runs.size() > 1) {
        sum.take();
      }
    }
    if (runs.size() > 1) {
      sum.giveBack();
    }
    return outcome;
  }
}
