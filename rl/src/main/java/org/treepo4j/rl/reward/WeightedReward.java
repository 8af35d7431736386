package org.treepo4j.rl.reward;

import java.util.List;
import java.util.Objects;

/**
 * A weighted sum of rewards. The first part says what the answer is and whether it solves the task;
 * the others shape.
 */
record WeightedReward(List<Part> parts) implements StartingReward, AutoCloseable {

  /** One summand. */
  public record Part(double weight, Reward reward) {
    public Part {
      Objects.requireNonNull(reward, "reward");
      if (!Double.isFinite(weight)) {
        throw new IllegalArgumentException("weight must be finite, was " + weight);
      }
    }
  }

  public WeightedReward {
    parts = List.copyOf(parts);
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("parts must hold at least one reward");
    }
  }

  @Override
  public Score score(RewardInput input, Clock clock) throws Exception {
    double sum = 0;
    boolean limited = false;
    Score first = null;
    for (Part part : parts) {
      Score score = StartingReward.score(part.reward, input, clock);
      first = first == null ? score : first;
      sum += part.weight * score.value();
      limited |= score.limited();
    }
    return new Score(sum, first.correct(), limited, first.answer());
  }

  @Override
  public void close() throws Exception {
    for (Part part : parts) {
      if (part.reward instanceof AutoCloseable closeable) {
        closeable.close();
      }
    }
  }
}
