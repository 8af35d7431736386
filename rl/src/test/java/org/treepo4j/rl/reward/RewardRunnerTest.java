package org.treepo4j.rl.reward;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rollout.FinishReason;

class RewardRunnerTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  @Test
  void scoresStayInOrderWhateverTheThreads() throws Exception {
    Reward length = input -> new Score(input.response().length(), false);
    List<RewardInput> inputs =
        IntStream.range(0, 200).mapToObj(i -> response("x".repeat(i))).collect(Collectors.toList());
    try (RewardRunner runner = new RewardRunner(length, LONG, -1, 4)) {
      RewardBatch batch = runner.run(inputs);
      assertThat(batch.scores())
          .extracting(Score::value)
          .containsExactlyElementsOf(
              IntStream.range(0, 200).mapToObj(i -> (double) i).collect(Collectors.toList()));
      assertThat(batch.counts().threw() + batch.counts().late() + batch.counts().limited())
          .isZero();
    }
  }

  @Test
  void aThrowingRewardGetsTheFailureScoreAndIsCounted() throws Exception {
    Reward picky =
        input -> {
          if (input.response().equals("bad")) {
            throw new IllegalStateException("no");
          }
          if (input.response().equals("deep")) {
            throw new StackOverflowError();
          }
          return new Score(1, true);
        };
    try (RewardRunner runner = new RewardRunner(picky, LONG, -0.5, 2)) {
      RewardBatch batch =
          runner.run(List.of(response("ok"), response("bad"), response("deep"), response("ok")));
      assertThat(batch.scores()).extracting(Score::value).containsExactly(1.0, -0.5, -0.5, 1.0);
      assertThat(batch.counts().threw()).isEqualTo(2);
      assertThat(batch.counts().firstFailure())
          .hasValueSatisfying(m -> assertThat(m).contains("no"));
    }
  }

  @Test
  void aRewardThatNeverReturnsIsLeftBehind() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    Reward stuck =
        input -> {
          while (input.response().equals("stuck") && never.getCount() > 0) {
            try {
              never.await();
            } catch (InterruptedException e) {
              continue;
            }
          }
          return new Score(1, true);
        };
    try (RewardRunner runner = new RewardRunner(stuck, Duration.ofMillis(200), 0, 1)) {
      RewardBatch batch =
          runner.run(List.of(response("stuck"), response("ok"), response("stuck"), response("ok")));
      assertThat(batch.scores()).extracting(Score::value).containsExactly(0.0, 1.0, 0.0, 1.0);
      assertThat(batch.counts().late()).isEqualTo(2);
    } finally {
      never.countDown();
    }
  }

  @Test
  void theOverlongPenaltyFollowsTheFormula() {
    OverlongPenalty penalty = new OverlongPenalty(1000, 200, 1);
    assertThat(penalty.score(lengthOf(800)).value()).isZero();
    assertThat(penalty.score(lengthOf(900)).value()).isEqualTo(-0.5);
    assertThat(penalty.score(lengthOf(1000)).value()).isEqualTo(-1);
    assertThat(penalty.score(lengthOf(10)).value()).isZero();
  }

  private static RewardInput response(String text) {
    return new RewardInput(Task.of("t", "p", "a"), text, text.length(), FinishReason.EOS);
  }

  private static RewardInput lengthOf(int tokens) {
    return new RewardInput(Task.of("t", "p", "a"), "", tokens, FinishReason.EOS);
  }
}
