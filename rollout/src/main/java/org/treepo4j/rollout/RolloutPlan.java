package org.treepo4j.rollout;

import org.treepo4j.rollout.RolloutSettings.RolloutKind;

/**
 * What all prompts of one rollout have in common.
 *
 * @param settings as given
 * @param rules when segments stop and paths finish
 * @param text of token ids
 * @param streams the random numbers
 * @param branching who gets the children of a step
 * @param temperature of the allotment at this point of training
 * @param budgetPrompts prompts that share a token budget
 * @param maxPathTokens longest path of the model, prompt included
 * @param keepsExperts whether trees say which experts their tokens went to
 */
record RolloutPlan(
    RolloutSettings settings,
    StopRules rules,
    TokenText text,
    RandomStreams streams,
    BranchingPolicy branching,
    double temperature,
    int budgetPrompts,
    int maxPathTokens,
    boolean keepsExperts) {

  /** Response tokens a trajectory of this prompt may have. */
  int mostResponseTokens(RolloutPrompt prompt) {
    return Math.min(settings.maxResponseTokens(), maxPathTokens - prompt.tokens().length);
  }

  /** Whether finished trajectories may have to be branched later. */
  boolean mayFallBack() {
    return settings.kind() == RolloutKind.TREE
        && settings.fallback().position() != FallbackPosition.NONE;
  }
}
