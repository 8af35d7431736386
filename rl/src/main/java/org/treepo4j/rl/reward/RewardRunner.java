package org.treepo4j.rl.reward;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Scores batches on its own threads. A reward that throws or takes longer than the time limit gets
 * the failure score and is counted; only a {@link RewardException} stops the run, and nothing a
 * reward does hangs it.
 */
public final class RewardRunner implements AutoCloseable {
  private final Reward reward;
  private final Duration timeLimit;
  private final double failureScore;
  private final int threads;

  /**
   * @param reward scores one response; closed with the runner when it is {@link AutoCloseable}
   * @param timeLimit for one response, counted from when its scoring starts
   * @param failureScore value for responses whose scoring failed
   * @param threads how many responses are scored at once
   */
  public RewardRunner(Reward reward, Duration timeLimit, double failureScore, int threads) {
    this.reward = Objects.requireNonNull(reward, "reward");
    if (timeLimit.isNegative() || timeLimit.isZero()) {
      throw new IllegalArgumentException("timeLimit must be positive, was " + timeLimit);
    }
    if (threads <= 0) {
      throw new IllegalArgumentException("threads must be positive, was " + threads);
    }
    this.timeLimit = timeLimit;
    this.failureScore = failureScore;
    this.threads = threads;
  }

  /**
   * The score of every input, in order.
   *
   * @throws RewardException if the reward's scores cannot be trusted
   */
  public RewardBatch run(List<RewardInput> inputs) throws InterruptedException {
    long began = System.nanoTime();
    ScoringRound round = new ScoringRound(reward, List.copyOf(inputs), timeLimit.toNanos());
    List<ScoringRound.Outcome> outcomes = round.run(threads);
    List<Score> scores = new ArrayList<>(outcomes.size());
    int failures = 0;
    int timeouts = 0;
    int limited = 0;
    Optional<String> firstFailure = Optional.empty();
    for (ScoringRound.Outcome outcome : outcomes) {
      if (outcome instanceof ScoringRound.Scored scored) {
        scores.add(scored.score());
        limited += scored.score().limited() ? 1 : 0;
        continue;
      }
      scores.add(new Score(failureScore, false));
      String message;
      if (outcome instanceof ScoringRound.Threw threw) {
        failures++;
        message = threw.message();
      } else {
        timeouts++;
        message = late((ScoringRound.Late) outcome);
      }
      firstFailure = firstFailure.or(() -> Optional.of(message));
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    return new RewardBatch(
        scores, new RewardBatch.Counts(failures, timeouts, firstFailure, limited, seconds));
  }

  private static String late(ScoringRound.Late late) {
    return "no score within " + ScoringProgram.seconds(late.limit()) + " (reward.timeLimitSeconds)";
  }

  /** Closes the reward; one that has external programs may throw {@link RewardException}. */
  @Override
  public void close() throws IOException {
    if (reward instanceof AutoCloseable closeable) {
      try {
        closeable.close();
      } catch (IOException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IOException("the reward cannot be closed: " + e.getMessage(), e);
      }
    }
  }
}
