package org.treepo4j.rl.advantage;

import java.util.List;
import org.treepo4j.rollout.RolloutTree;

/**
 * REINFORCE++-baseline (arXiv 2501.03262): {@code R − mean} within the prompt group, whitened over
 * the batch's response tokens. TreePO on trees of depth one is exactly this.
 */
record ReinforcePlusPlusBaselineEstimator() implements AdvantageEstimator.Explaining {

  @Override
  public List<List<AdvantageBreakdown>> explain(List<RolloutTree> batch) {
    return Whitening.whiten(PromptGroupAdvantages.of(batch, (difference, rewards) -> difference));
  }
}
