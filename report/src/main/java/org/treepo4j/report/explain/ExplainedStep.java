package org.treepo4j.report.explain;

import java.util.List;
import org.treepo4j.rl.advantage.AdvantageBreakdown;
import org.treepo4j.rl.loss.TokenLoss;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rollout.RolloutTree;

/**
 * Everything one step on one tree saw. Arrays are not copied.
 *
 * @param scored the tree with its task and rewards
 * @param sampledTasks tasks that were sampled to find it, itself included
 * @param advantages by trajectory
 * @param trained numbers of the trajectories that take part in the loss, in the order of training
 * @param training the tree as it was trained on; its old log-probabilities are those before the
 *     update
 * @param loss value of the whole loss before the update
 * @param tokens the policy loss token by token before the update
 * @param gradientNorm global norm of the gradient before clipping
 * @param learningRate of the update
 * @param logprobsAfter log-probability of every token after the update, {@code [unique token]}
 * @param tokensAfter the policy loss token by token after the update
 */
public record ExplainedStep(
    ScoredTree scored,
    int sampledTasks,
    List<AdvantageBreakdown> advantages,
    List<Integer> trained,
    TrainingTree training,
    double loss,
    List<TokenLoss> tokens,
    double gradientNorm,
    double learningRate,
    float[] logprobsAfter,
    List<TokenLoss> tokensAfter) {

  public ExplainedStep {
    advantages = List.copyOf(advantages);
    trained = List.copyOf(trained);
    tokens = List.copyOf(tokens);
    tokensAfter = List.copyOf(tokensAfter);
  }

  RolloutTree tree() {
    return scored.tree();
  }

  /** Log-probability of every token before the update, {@code [unique token]}. */
  float[] logprobsBefore() {
    return training.oldLogprobs();
  }

  /**
   * Log-probability of a whole response: the sum over its tokens.
   *
   * @param trajectory its number among those trained on
   */
  double responseLogprob(int trajectory, float[] logprobs) {
    double sum = 0;
    for (int token : training.paths()[trajectory]) {
      sum += logprobs[token];
    }
    return sum;
  }
}
