package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.treepo4j.rollout.RolloutStatistics.DepthStatistics;

/** Counts for the statistics of one prompt while its tree grows. */
final class PromptCounts {
  private static final DepthStatistics NOTHING = new DepthStatistics(0, 0, 0);

  private final int segmentLength;
  private final Map<FinishReason, Long> finishes = new EnumMap<>(FinishReason.class);
  private final List<DepthStatistics> depths = new ArrayList<>();
  private long sampledTokens;
  private long trajectoryTokens;
  private long droppedPaths;
  private long fallbacks;
  private int trajectories;
  private int trajectoriesBeforeFallback;
  private long startNanos;
  private double seconds;

  PromptCounts(RolloutSettings settings) {
    segmentLength = settings.segmentLength();
  }

  void start() {
    startNanos = System.nanoTime();
  }

  void end() {
    seconds = (System.nanoTime() - startNanos) * 1e-9;
  }

  void sampled(GrowingNode node) {
    int tokens = node.sampled().size();
    sampledTokens += tokens;
    addAt(node, new DepthStatistics(0, tokens, node.sampled().sumOfEntropies()));
  }

  void finished(GrowingNode leaf, FinishReason finish) {
    trajectories++;
    trajectoryTokens += leaf.end();
    finishes.merge(finish, 1L, Long::sum);
    addAt(leaf, new DepthStatistics(1, 0, 0));
  }

  void dropped() {
    droppedPaths++;
  }

  void fallback() {
    if (fallbacks++ == 0) {
      trajectoriesBeforeFallback = trajectories;
    }
  }

  int trajectories() {
    return trajectories;
  }

  long sampledTokens() {
    return sampledTokens;
  }

  /**
   * @param computedTokens by the decoder for this prompt, also before it was set back to its start
   * @param computedPromptTokens those of the prompt among them
   */
  RolloutStatistics toStatistics(long computedTokens, long computedPromptTokens) {
    return new RolloutStatistics(
        1,
        trajectories,
        sampledTokens,
        trajectoryTokens,
        computedTokens,
        computedPromptTokens,
        droppedPaths,
        finishes,
        fallbacks,
        fallbacks > 0 ? 1 : 0,
        trajectoriesBeforeFallback,
        depths,
        0,
        0,
        0,
        seconds);
  }

  private void addAt(GrowingNode node, DepthStatistics more) {
    int index = StopRules.depth(node.end(), segmentLength) - 1;
    while (depths.size() <= index) {
      depths.add(NOTHING);
    }
    depths.set(index, depths.get(index).plus(more));
  }
}
