package org.treepo4j.rl.reward;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.treepo4j.model.Setting;
import org.treepo4j.rl.grading.AnswerGrader;

/** Which rewards are summed, and what happens when one fails: the {@code reward} settings. */
public record RewardSettings(
    @Setting("Reward for a correct final answer.") double correct,
    @Setting("Reward for a wrong or missing final answer; -1 as in DAPO.") double wrong,
    @Setting("Reward when scoring throws or is late.") double failure,
    @Setting("Seconds one response may be scored.") double timeLimitSeconds,
    @Setting("How many responses are scored at once.") int threads,
    @Setting("Tokens before maxResponseTokens in which the overlong penalty grows; 0: no penalty.")
        int overlongBuffer,
    @Setting("The largest overlong penalty (recipe: 1).") double overlongFactor) {

  public RewardSettings {
    if (timeLimitSeconds <= 0) {
      throw new IllegalArgumentException(
          "timeLimitSeconds must be positive, was " + timeLimitSeconds);
    }
    if (threads <= 0) {
      throw new IllegalArgumentException("threads must be positive, was " + threads);
    }
    if (overlongBuffer < 0) {
      throw new IllegalArgumentException(
          "overlongBuffer must not be negative, was " + overlongBuffer);
    }
  }

  public static RewardSettings defaults() {
    return new RewardSettings(1, 0, 0, 5, 2, 0, 1);
  }

  /**
   * The runner these settings describe.
   *
   * @param maxResponseTokens the longest response that is sampled, for the overlong penalty
   */
  public RewardRunner runner(int maxResponseTokens) {
    List<WeightedReward.Part> parts = new ArrayList<>();
    parts.add(
        new WeightedReward.Part(1, new AnswerMatchReward(new AnswerGrader(), correct, wrong)));
    if (overlongBuffer > 0) {
      parts.add(
          new WeightedReward.Part(
              1, new OverlongPenalty(maxResponseTokens, overlongBuffer, overlongFactor)));
    }
    Duration timeLimit = Duration.ofNanos((long) (timeLimitSeconds * 1e9));
    return new RewardRunner(new WeightedReward(parts), timeLimit, failure, threads);
  }
}
