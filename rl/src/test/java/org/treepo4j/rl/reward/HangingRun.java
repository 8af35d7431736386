package org.treepo4j.rl.reward;

import java.time.Duration;
import java.util.List;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rollout.FinishReason;

/**
 * A program of ours that waits for a reward program that hangs, as does what that has started. Says
 * their process ids, then "all"; ends as its argument says, once its input ends.
 */
final class HangingRun {
  private HangingRun() {}

  public static void main(String[] arguments) throws Exception {
    ProgramReward reward =
        new ProgramReward(
            List.of("sh", "-c", "sleep 1000 & read line; wait"),
            Duration.ofSeconds(900),
            Duration.ofSeconds(900),
            1);
    RewardInput input = new RewardInput(Task.of("t", "p", "5"), "x", 1, FinishReason.EOS);
    Thread scoring =
        new Thread(
            () -> {
              try {
                reward.score(input);
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    scoring.setDaemon(true);
    scoring.start();
    while (ProcessHandle.current().descendants().count() < 3) {
      Thread.sleep(10);
    }
    ProcessHandle.current().descendants().forEach(child -> System.out.println(child.pid()));
    System.out.println("all");
    System.in.read();
    if (arguments[0].equals("exit")) {
      System.exit(3);
    }
    throw new IllegalStateException("crashed");
  }
}
