package org.treepo4j.rollout;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What sampling did, for one prompt or a batch. Statistics of different rollouts add up with {@link
 * #plus}.
 *
 * @param prompts prompts sampled from
 * @param trajectories that count
 * @param sampledTokens tokens of all segments, each segment once; those of dropped paths too
 * @param trajectoryTokens sum of the response lengths of all trajectories
 * @param computedTokens tokens the decoder computed, of prompts and of responses, each as often as
 *     it did: once for all paths that have it and everything before it in common, and again after
 *     the cache was full
 * @param computedPromptTokens those of them that belong to prompts
 * @param droppedPaths finished paths shorter than {@code minTrajectoryTokens}
 * @param finishes trajectories by finish reason; reasons that did not occur may be absent
 * @param fallbacks times a prompt had no active path and was branched again
 * @param promptsWithFallback prompts that happened to
 * @param trajectoriesBeforeFallback trajectories these had at their first, summed
 * @param depths counts by depth; index 0 is depth 1
 * @param decoderSteps batches the decoder advanced; 0 for one prompt
 * @param rowsUsed rows these batches held, summed
 * @param rowsAvailable rows they could have held, summed: the smaller of {@code maxBatchPaths} and
 *     prompts times {@code maxWidth}
 * @param seconds wall-clock; of one prompt from its start to its end, beside others
 */
public record RolloutStatistics(
    long prompts,
    long trajectories,
    long sampledTokens,
    long trajectoryTokens,
    long computedTokens,
    long computedPromptTokens,
    long droppedPaths,
    Map<FinishReason, Long> finishes,
    long fallbacks,
    long promptsWithFallback,
    long trajectoriesBeforeFallback,
    List<DepthStatistics> depths,
    long decoderSteps,
    long rowsUsed,
    long rowsAvailable,
    double seconds)
    implements Serializable {

  public static final RolloutStatistics NONE =
      new RolloutStatistics(0, 0, 0, 0, 0, 0, 0, Map.of(), 0, 0, 0, List.of(), 0, 0, 0, 0);

  public RolloutStatistics {
    finishes = Map.copyOf(finishes);
    depths = List.copyOf(depths);
  }

  /** Both together, as if sampled one after the other. */
  public RolloutStatistics plus(RolloutStatistics other) {
    Map<FinishReason, Long> bothFinishes = new EnumMap<>(FinishReason.class);
    finishes.forEach((reason, count) -> bothFinishes.merge(reason, count, Long::sum));
    other.finishes.forEach((reason, count) -> bothFinishes.merge(reason, count, Long::sum));
    List<DepthStatistics> bothDepths = new ArrayList<>(depths);
    for (int i = 0; i < other.depths.size(); i++) {
      if (i < bothDepths.size()) {
        bothDepths.set(i, bothDepths.get(i).plus(other.depths.get(i)));
      } else {
        bothDepths.add(other.depths.get(i));
      }
    }
    return new RolloutStatistics(
        prompts + other.prompts,
        trajectories + other.trajectories,
        sampledTokens + other.sampledTokens,
        trajectoryTokens + other.trajectoryTokens,
        computedTokens + other.computedTokens,
        computedPromptTokens + other.computedPromptTokens,
        droppedPaths + other.droppedPaths,
        bothFinishes,
        fallbacks + other.fallbacks,
        promptsWithFallback + other.promptsWithFallback,
        trajectoriesBeforeFallback + other.trajectoriesBeforeFallback,
        bothDepths,
        decoderSteps + other.decoderSteps,
        rowsUsed + other.rowsUsed,
        rowsAvailable + other.rowsAvailable,
        seconds + other.seconds);
  }

  /** The same, which took so long altogether. */
  public RolloutStatistics within(double wallClock) {
    return withBatches(decoderSteps, rowsUsed, rowsAvailable, wallClock);
  }

  RolloutStatistics withBatches(long steps, long used, long available, double wallClock) {
    return new RolloutStatistics(
        prompts,
        trajectories,
        sampledTokens,
        trajectoryTokens,
        computedTokens,
        computedPromptTokens,
        droppedPaths,
        finishes,
        fallbacks,
        promptsWithFallback,
        trajectoriesBeforeFallback,
        depths,
        steps,
        used,
        available,
        wallClock);
  }

  /** Sampled tokens per trajectory token: 1 without sharing, less with; 0 when there are none. */
  public double sharingRatio() {
    return ratio(sampledTokens, trajectoryTokens);
  }

  /** Tokens computed, those of prompts too, per trajectory token; 0 when there are none. */
  public double computedRatio() {
    return ratio(computedTokens, trajectoryTokens);
  }

  /** Share of the rows of decoder batches that stood empty. */
  public double idleShare() {
    return rowsAvailable == 0 ? 0 : 1 - ratio(rowsUsed, rowsAvailable);
  }

  public double trajectoriesPerSecond() {
    return ratio(trajectories, seconds);
  }

  /** Trajectory tokens per second, the paper's measure. */
  public double tokensPerSecond() {
    return ratio(trajectoryTokens, seconds);
  }

  /** Mean step entropy in nats over all sampled tokens. */
  public double entropy() {
    DepthStatistics all =
        depths.stream().reduce(new DepthStatistics(0, 0, 0), DepthStatistics::plus);
    return ratio(all.entropySum(), all.tokens());
  }

  /**
   * Flat names and values for metrics and messages; always the same names, but for {@code
   * leaves_depth_N} and {@code entropy_depth_N}, which exist for the depths reached.
   */
  public Map<String, Number> toMap() {
    Map<String, Number> map = new LinkedHashMap<>();
    map.put("prompts", prompts);
    map.put("trajectories", trajectories);
    map.put("sampled_tokens", sampledTokens);
    map.put("trajectory_tokens", trajectoryTokens);
    map.put("sharing_ratio", sharingRatio());
    map.put("computed_tokens", computedTokens);
    map.put("computed_prompt_tokens", computedPromptTokens);
    map.put("computed_ratio", computedRatio());
    map.put("response_tokens_mean", ratio(trajectoryTokens, trajectories));
    map.put("dropped_paths", droppedPaths);
    for (FinishReason reason : FinishReason.values()) {
      map.put(
          "finish_" + reason.name().toLowerCase(Locale.ROOT), finishes.getOrDefault(reason, 0L));
    }
    map.put("fallbacks", fallbacks);
    map.put("prompts_with_fallback", promptsWithFallback);
    map.put(
        "trajectories_before_fallback_mean",
        ratio(trajectoriesBeforeFallback, promptsWithFallback));
    map.put("entropy", entropy());
    map.put("decoder_steps", decoderSteps);
    map.put("idle_share", idleShare());
    map.put("sampling_seconds", seconds);
    map.put("trajectories_per_second", trajectoriesPerSecond());
    map.put("tokens_per_second", tokensPerSecond());
    map.put("sampled_tokens_per_second", ratio(sampledTokens, seconds));
    for (int i = 0; i < depths.size(); i++) {
      DepthStatistics depth = depths.get(i);
      map.put("leaves_depth_" + (i + 1), depth.leaves());
      map.put("entropy_depth_" + (i + 1), ratio(depth.entropySum(), depth.tokens()));
    }
    return map;
  }

  private static double ratio(double part, double whole) {
    return whole == 0 ? 0 : part / whole;
  }

  /**
   * Counts at one depth, the number of segments from the prompt.
   *
   * @param leaves trajectories that end there
   * @param tokens sampled there
   * @param entropySum sum of the step entropies of these tokens in nats, under the model's own
   *     distribution
   */
  public record DepthStatistics(long leaves, long tokens, double entropySum)
      implements Serializable {

    DepthStatistics plus(DepthStatistics other) {
      return new DepthStatistics(
          leaves + other.leaves, tokens + other.tokens, entropySum + other.entropySum);
    }
  }
}
