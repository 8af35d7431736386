package org.treepo4j.rollout;

import org.treepo4j.base.settings.Setting;
import org.treepo4j.base.settings.Settings;

/** How rollouts are sampled; {@code rollout.*}. Defaults are those of the paper's main run. */
public record RolloutSettings(
    @Setting("TREE, or INDEPENDENT for trajectories that share nothing but the prompt.")
        RolloutKind kind,
    @Setting(
            value =
                "INDEPENDENT only: compute the prompt once for all trajectories, and once what prompts"
                    + " begin alike with; false computes it for each, as a sampler without prefix"
                    + " cache does. Does not change the trees.",
            mayChange = true)
        boolean sharePrompt,
    @Setting(
            value =
                "Compute paths once for as long as they draw the same tokens; false computes each by"
                    + " itself from its first token on, as other samplers do, which is there to measure"
                    + " the difference. Does not change the trees.",
            mayChange = true)
        boolean lazyForking,
    @Setting(value = "Trajectories wanted per prompt, the paper's w; recipe rollout.n.", max = 4096)
        int maxWidth,
    @Setting(
            value = "BY_RESPONSE_TOKENS only: trajectories wanted per prompt at least.",
            max = 4096)
        int minWidth,
    @Setting(
            value = "Most tokens of a segment; paper l_seg, recipe tree_max_token_per_step.",
            max = 1 << 20)
        int segmentLength,
    @Setting(
            value = "Most segments of a trajectory; paper d, recipe tree_max_depth.",
            max = 1 << 20)
        int maxDepth,
    @Setting(
            value = "Most response tokens of a trajectory; recipe data.max_response_length.",
            max = 1 << 20)
        int maxResponseTokens,
    @Setting(
            value =
                "A finished path with fewer tokens is dropped and does not count; recipe"
                    + " traj_filter_min_len.",
            max = 1 << 20)
        int minTrajectoryTokens,
    @Setting(value = "Children of an active path per step; recipe tree_fixed_step_div.", max = 4096)
        int branching,
    @Setting("Range of the number of paths of the first step.") DivergenceRange initialDivergence,
    @Setting("How many children one step may give.") BudgetSettings budget,
    @Setting("What bounds the trajectories of a prompt; recipe tree_total_budget_policy.")
        TotalBudget totalBudget,
    @Setting(
            value =
                "BY_RESPONSE_TOKENS only: response tokens wanted per prompt, counted per trajectory;"
                    + " recipe tree_max_response_token.",
            max = 1 << 30)
        long maxResponseTokensPerPrompt,
    @Setting("Which active paths get the children.") AllotmentSettings allotment,
    @Setting("Branching again from finished trajectories.") FallbackSettings fallback,
    @Setting("When a response counts as answered; recipe tree_boxed_eos_policy.")
        AnswerPolicy answerPolicy,
    @Setting("Whether repetition ends a path; recipe repetition_es_policy.")
        RepetitionPolicy repetitionPolicy,
    @Setting(
            value = "Characters of a text that counts as repeated; recipe rep_length_thresh.",
            max = 1 << 20)
        int repetitionLength,
    @Setting(
            value = "Occurrences in one segment, overlapping ones too; recipe rep_count_thresh.",
            max = 1 << 20)
        int repetitionCount,
    @Setting("The distribution tokens are drawn from.") SamplingSettings sampling,
    @Setting(
            value =
                "Most rows the model advances at once; paths that agree so far share one, others wait"
                    + " for a free one. Does not change the trees.",
            mayChange = true,
            max = 1 << 16)
        int maxBatchPaths) {

  public static RolloutSettings defaults() {
    return new RolloutSettings(
        RolloutKind.TREE,
        true,
        true,
        16,
        1,
        512,
        14,
        7168,
        0,
        2,
        DivergenceRange.defaults(),
        BudgetSettings.defaults(),
        TotalBudget.BY_TRAJECTORIES,
        65_536,
        AllotmentSettings.defaults(),
        FallbackSettings.defaults(),
        AnswerPolicy.BOXED_AND_EOS,
        RepetitionPolicy.MOST_PRIORITIZED,
        32,
        8,
        SamplingSettings.defaults(),
        256);
  }

  public RolloutSettings {
    Checks.present("kind", kind);
    Checks.positive("maxWidth", maxWidth);
    Checks.positive("minWidth", minWidth);
    Checks.positive("segmentLength", segmentLength);
    Checks.positive("maxDepth", maxDepth);
    Checks.positive("maxResponseTokens", maxResponseTokens);
    Checks.notNegative("minTrajectoryTokens", minTrajectoryTokens);
    Checks.positive("branching", branching);
    Checks.present("initialDivergence", initialDivergence);
    Checks.present("budget", budget);
    Checks.present("totalBudget", totalBudget);
    Checks.positive("maxResponseTokensPerPrompt", maxResponseTokensPerPrompt);
    Checks.present("allotment", allotment);
    Checks.present("fallback", fallback);
    Checks.present("answerPolicy", answerPolicy);
    Checks.present("repetitionPolicy", repetitionPolicy);
    Checks.positive("repetitionLength", repetitionLength);
    if (repetitionCount < 2) {
      throw new IllegalArgumentException(
          "repetitionCount must be at least 2, was " + repetitionCount);
    }
    Checks.present("sampling", sampling);
    Checks.positive("maxBatchPaths", maxBatchPaths);
    if (minWidth > maxWidth) {
      throw new IllegalArgumentException(
          "minWidth must be at most maxWidth (" + maxWidth + "), was " + minWidth);
    }
    long longest = Math.min(maxResponseTokens, (long) segmentLength * maxDepth);
    if (minTrajectoryTokens > longest) {
      throw new IllegalArgumentException(
          "minTrajectoryTokens must be at most the longest response ("
              + longest
              + "), was "
              + minTrajectoryTokens);
    }
  }

  /** Whether what paths and prompts begin with is computed once for all of them. */
  boolean sharesPrompts() {
    return kind == RolloutKind.TREE || sharePrompt;
  }

  /** Whether what several prompts begin with is computed once. */
  boolean sharesBeginnings() {
    return sharesPrompts() && lazyForking;
  }

  /**
   * The same limits for measuring a policy: independent samples at a temperature of their own.
   *
   * @param samples trajectories per prompt
   */
  public RolloutSettings independent(int samples, double temperature) {
    return Settings.of(this)
        .set("kind", RolloutKind.INDEPENDENT)
        .set("maxWidth", samples)
        .set("minWidth", Math.min(minWidth, samples))
        .set("minTrajectoryTokens", 0)
        .set("totalBudget", TotalBudget.BY_TRAJECTORIES)
        .set("sampling.temperature", temperature)
        .build();
  }

  /**
   * The same policies for trees of another size.
   *
   * @param newMaxWidth trajectories wanted per prompt
   * @param newSegmentLength most tokens of a segment
   * @param newMaxDepth most segments of a trajectory; with the former, the longest response
   */
  public RolloutSettings ofSize(int newMaxWidth, int newSegmentLength, int newMaxDepth) {
    return Settings.of(this)
        .set("maxWidth", newMaxWidth)
        .set("minWidth", Math.min(minWidth, newMaxWidth))
        .set("segmentLength", newSegmentLength)
        .set("maxDepth", newMaxDepth)
        .set("maxResponseTokens", Math.multiplyExact(newSegmentLength, newMaxDepth))
        .build();
  }

  /** The window of fallbacks in tokens. */
  int fallbackWindow() {
    return fallback.window() > 0 ? fallback.window() : segmentLength;
  }

  /** Whether trajectories of a prompt share what they can. */
  public enum RolloutKind {
    /** Trajectories share prefixes (TreePO; recipe {@code infer_mode=tree}). */
    TREE,
    /**
     * {@code maxWidth} trajectories from the root that never branch: the baseline of every
     * comparison (recipe {@code rollout.n}). Segments, depth and stop rules are the same.
     */
    INDEPENDENT
  }

  /** When a response counts as answered (algorithm page, 2.1). */
  public enum AnswerPolicy {
    /** A complete {@code \boxed{…}} ends the path (recipe {@code boxed_as_eos}). */
    BOXED_AS_EOS {
      @Override
      boolean answered(boolean boxed, boolean ended) {
        return boxed;
      }
    },
    /**
     * A complete {@code \boxed{…}} and an end of sequence (recipe {@code boxed_and_eos_first}); a
     * path with an answer alone goes on.
     */
    BOXED_AND_EOS {
      @Override
      boolean answered(boolean boxed, boolean ended) {
        return boxed && ended;
      }
    };

    abstract boolean answered(boolean boxed, boolean ended);
  }

  /** Whether a segment that repeats itself ends its path (algorithm page, 2.1). */
  public enum RepetitionPolicy {
    /** Before every other reason (recipe {@code most_prioritized}). */
    MOST_PRIORITIZED,
    /** Only when nothing else ends the path (recipe {@code least_prioritized}). */
    LEAST_PRIORITIZED,
    /** Repetitions are not looked for. */
    NONE
  }

  /** What bounds the trajectories of a prompt (algorithm page, 2.2). */
  public enum TotalBudget {
    /** {@code maxWidth} trajectories (recipe {@code by_response_traj}). */
    BY_TRAJECTORIES,
    /**
     * As many as are foreseen to fit into {@code maxResponseTokensPerPrompt} tokens, within {@code
     * minWidth..maxWidth} (recipe {@code by_response_token}). The limit steers branching and stops
     * fallbacks; paths once begun run to their end.
     */
    BY_RESPONSE_TOKENS
  }

  /** Children of the root in the first step; {@code rollout.initialDivergence.*}. */
  public record DivergenceRange(
      @Setting(value = "Least number of paths from the root; 0 takes branching.", max = 4096)
          int lo,
      @Setting(
              value =
                  "Greatest number of paths from the root, drawn uniformly for each prompt; only used"
                      + " when above branching, the paper's best is 2..8; recipe"
                      + " tree_random_first_div_max.",
              max = 4096)
          int hi) {

    /** No range: the first step diverges like every other. */
    public static DivergenceRange defaults() {
      return new DivergenceRange(0, 0);
    }

    public DivergenceRange {
      Checks.notNegative("lo", lo);
      Checks.atLeast("hi", hi, "lo", lo);
    }
  }
}
