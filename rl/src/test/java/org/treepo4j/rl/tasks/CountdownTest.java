package org.treepo4j.rl.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.reward.CountdownReward;
import org.treepo4j.rl.reward.RewardInput;
import org.treepo4j.rollout.FinishReason;

class CountdownTest {
  private final Countdown countdown = new Countdown();

  @Property(tries = 200)
  void everyProblemIsShortAndHasItsNumbers(@ForAll long seed) {
    SyntheticTask.Problem problem = countdown.problem(new SplittableRandom(seed));
    assertThat(problem.prompt()).matches("(\\d{1,2},){2}\\d{1,2}>\\d\\d:");
    assertThat(problem.answer()).matches("\\{\"target\":\\d+,\"numbers\":\\[\\d+,\\d+,\\d+]}");
    assertThat(SyntheticTasks.named("countdown").problem(new SplittableRandom(seed)))
        .isEqualTo(problem);
  }

  @Test
  void demonstrationsAreRightNowAndThen() throws Exception {
    SplittableRandom random = new SplittableRandom(5);
    CountdownReward reward = new CountdownReward(1, 0);
    int correct = 0;
    for (int i = 0; i < 2000; i++) {
      SyntheticTask.Problem problem = countdown.problem(random);
      String response = countdown.demonstration(problem, random);
      assertThat(response).endsWith("}").contains("\\boxed{");
      Task task = Task.of("t", problem.prompt(), problem.answer());
      correct +=
          reward.score(new RewardInput(task, response, 1, FinishReason.EOS)).correct() ? 1 : 0;
    }
    assertThat(correct).isBetween(800, 1300);
  }
}
