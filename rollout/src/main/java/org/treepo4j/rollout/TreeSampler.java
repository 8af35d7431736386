package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.treepo4j.base.InputException;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.model.TokenSampler;
import org.treepo4j.rollout.BudgetSettings.BudgetControl;

/**
 * Samples rollout trees (algorithm page, section 2). One instance serves any number of rollouts,
 * one at a time.
 *
 * <p>Trees depend on the settings, the prompt, the seed and the step, and on nothing else: not on
 * the other prompts, not on {@code maxBatchPaths}. One policy by its definition looks at the batch:
 * {@link BudgetControl#TOKEN_BUDGET} shares its tokens by {@code rollout.budget.prompts}, which,
 * left at 0, is the number of prompts of the call. And prompts of one batch that have the same id
 * are told apart by their order. This holds as far as the decoder gives a path the same logits in
 * any batch.
 */
public final class TreeSampler {
  private final RolloutSettings settings;
  private final TokenText text;
  private final IntPredicate vocabulary;
  private final StopRules rules;
  private final int maxPathTokens;
  private final BranchingPolicy branching;
  private final boolean keepsExperts;
  private SamplingRule rule;

  /**
   * @param text of token ids, without special tokens
   * @param vocabulary ids the tokenizer has; no other is ever sampled
   * @param eosTokenIds the model's end-of-sequence ids; more may come from the settings
   * @param maxPathTokens longest path of the model, prompt included
   * @throws InputException for stop tokens of the settings that the tokenizer has not
   */
  public TreeSampler(
      RolloutSettings settings,
      TokenText text,
      IntPredicate vocabulary,
      int[] eosTokenIds,
      int maxPathTokens) {
    this(
        settings,
        text,
        vocabulary,
        new StopRules(settings, eosTokenIds),
        maxPathTokens,
        settings.allotment().policy(),
        false);
  }

  private TreeSampler(
      RolloutSettings settings,
      TokenText text,
      IntPredicate vocabulary,
      StopRules rules,
      int maxPathTokens,
      BranchingPolicy branching,
      boolean keepsExperts) {
    Checks.positive("maxPathTokens", maxPathTokens);
    settings.sampling().requireTokens(vocabulary);
    this.settings = settings;
    this.text = text;
    this.vocabulary = vocabulary;
    this.rules = rules;
    this.maxPathTokens = maxPathTokens;
    this.branching = branching;
    this.keepsExperts = keepsExperts;
  }

  /** A sampler with another branching policy than that of the settings. */
  public TreeSampler withBranching(BranchingPolicy policy) {
    return new TreeSampler(
        settings, text, vocabulary, rules, maxPathTokens, policy.checked(), keepsExperts);
  }

  /**
   * A sampler whose trees say which experts of a mixture their tokens went to ({@link
   * RolloutTree#withExperts}), so that they can be trained that way.
   */
  public TreeSampler keepingExperts() {
    return new TreeSampler(settings, text, vocabulary, rules, maxPathTokens, branching, true);
  }

  /**
   * Samples one tree for each prompt.
   *
   * @param decoder every path taken from it is released again
   * @param step of training; 0 outside
   * @param trainingProgress share of training done, 0..1, for temperature schedules
   * @throws IllegalArgumentException for a prompt that leaves no room for a response
   * @throws RolloutException when the decoder fails; the message names the prompts
   */
  public RolloutBatch sample(
      BranchingDecoder decoder,
      List<RolloutPrompt> prompts,
      long seed,
      long step,
      double trainingProgress) {
    return sample(decoder, prompts, seed, step, trainingProgress, RolloutProgress.SILENT);
  }

  /** As above, and tells how far it has come. */
  public RolloutBatch sample(
      BranchingDecoder decoder,
      List<RolloutPrompt> prompts,
      long seed,
      long step,
      double trainingProgress,
      RolloutProgress progress) {
    Checks.within("trainingProgress", trainingProgress, 0, 1);
    AllotmentSettings allotment = settings.allotment();
    int budgetPrompts = settings.budget().prompts();
    RolloutPlan plan =
        new RolloutPlan(
            settings,
            rules,
            text,
            new RandomStreams(seed, step),
            branching,
            allotment.schedule().at(trainingProgress, allotment),
            budgetPrompts > 0 ? budgetPrompts : Math.max(1, prompts.size()),
            maxPathTokens,
            keepsExperts);
    for (RolloutPrompt prompt : prompts) {
      if (plan.mostResponseTokens(prompt) < 1) {
        throw new IllegalArgumentException(
            String.format(
                "prompt %s has %d tokens, which leaves no room below the model's %d",
                prompt.id(), prompt.tokens().length, maxPathTokens));
      }
    }
    Map<String, Integer> occurrences = new HashMap<>();
    try (PromptBeginnings beginnings =
        new PromptBeginnings(decoder, prompts, settings.sharesBeginnings())) {
      List<PromptRollout> rollouts = new ArrayList<>();
      for (RolloutPrompt prompt : prompts) {
        int occurrence = occurrences.merge(prompt.id(), 1, Integer::sum) - 1;
        int place = rollouts.size();
        rollouts.add(new PromptRollout(prompt, occurrence, plan, decoder, place, beginnings));
      }
      SamplingRule rule = rule(decoder.vocabSize());
      try (TokenSampler tokens = decoder.sampler();
          BatchScheduler scheduler =
              new BatchScheduler(decoder, tokens, rule, settings, rollouts, beginnings, progress)) {
        return scheduler.run();
      }
    }
  }

  private SamplingRule rule(int vocabSize) {
    if (rule == null || rule.allowed().length != vocabSize) {
      rule = settings.sampling().rule(vocabSize, vocabulary);
    }
    return rule;
  }
}
