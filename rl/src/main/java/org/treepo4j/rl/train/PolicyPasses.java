package org.treepo4j.rl.train;

import java.util.List;
import java.util.Optional;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.run.Policy;

/**
 * The passes of a step over its trees, on this machine or spread over others. Trees go in {@code
 * trainer.shards} runs of about equal size ({@link ShardPass#split}), and what is added up over
 * trees is added up within each shard first and then over the shards in their order; so the number
 * of shards decides the last bits of a result, and who computes them does not.
 */
public interface PolicyPasses {

  /** Whose log-probabilities are wanted. */
  enum Model {
    /** The policy as it is. */
    POLICY,
    /** The frozen policy of KL terms. */
    REFERENCE
  }

  /**
   * Passes on this machine.
   *
   * @param reference frozen policy for KL terms; empty when the settings ask for none
   */
  static PolicyPasses local(Policy policy, Optional<CausalLm> reference, TrainSettings settings) {
    return new LocalPasses(policy, reference, settings);
  }

  /** Log-probabilities at the sampling temperature, {@code [trees][size]}. */
  List<float[]> logprobs(Model model, List<TokenTree> trees);

  /**
   * The gradient of one mini-batch's loss. It is left in the gradients of what the optimiser
   * changes, which were zero.
   *
   * @param onPolicy whether the present policy's log-probabilities take the place of the trees' old
   *     ones
   */
  ShardPass.Outcome gradient(List<TrainingTree> miniBatch, boolean onPolicy);
}
