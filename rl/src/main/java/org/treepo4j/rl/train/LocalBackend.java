package org.treepo4j.rl.train;

import java.util.Optional;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.sampling.EvaluationSettings;
import org.treepo4j.rl.sampling.GroupSampler;
import org.treepo4j.rl.sampling.LocalSampler;
import org.treepo4j.rl.sampling.PromptEncoder;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rl.train.TrainerSettings.Routing;
import org.treepo4j.rollout.BranchingPolicy;
import org.treepo4j.rollout.RolloutSettings;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * Samples and computes on this machine.
 *
 * @param policy with the engine that samples it and the one that trains it
 * @param groups samples with the branching policy
 * @param evaluation samples independently
 */
public record LocalBackend(
    Policy policy, GroupSampler groups, GroupSampler evaluation, PolicyPasses passes)
    implements Backend {

  /**
   * Everything a backend samples with besides the settings.
   *
   * @param tokenizer of the policy
   * @param prompts encodes tasks
   * @param rewards scores responses
   * @param branching shares the children of a step among the active paths
   */
  public record Sampling(
      Tokenizer tokenizer, PromptEncoder prompts, RewardRunner rewards, BranchingPolicy branching) {

    /** Samples the answers that the policy is measured by. */
    public TaskSampler evaluation(TrainSettings settings, ModelConfig config) {
      EvaluationSettings evaluation = settings.evaluation();
      return sampler(
          settings.rollout().independent(evaluation.samples(), evaluation.temperature()), config);
    }

    /** Samples the trees that are trained on. */
    public TaskSampler groups(TrainSettings settings, ModelConfig config) {
      TaskSampler sampler = sampler(settings.rollout(), config).withBranching(branching);
      return settings.trainer().routing() == Routing.REPLAY ? sampler.keepingExperts() : sampler;
    }

    private TaskSampler sampler(RolloutSettings rollout, ModelConfig config) {
      return new TaskSampler(
          rollout, tokenizer, prompts, config.eosTokenIds(), config.maxPositions(), rewards);
    }
  }

  /**
   * @param reference frozen policy for KL terms; empty when the settings ask for none
   */
  public static LocalBackend of(
      TrainSettings settings, Policy policy, Optional<CausalLm> reference, Sampling sampling) {
    ModelConfig config = policy.model().config();
    CausalLm sampler = policy.sampler();
    return new LocalBackend(
        policy,
        new LocalSampler(sampler, sampling.groups(settings, config), settings.seed()),
        new LocalSampler(sampler, sampling.evaluation(settings, config), settings.seed()),
        PolicyPasses.local(policy, reference, settings));
  }
}
