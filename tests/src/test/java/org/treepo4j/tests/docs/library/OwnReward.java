package org.treepo4j.tests.docs.library;

import java.nio.file.Path;
import org.treepo4j.rl.TrainingRun;
import org.treepo4j.rl.reward.Reward;
import org.treepo4j.rl.reward.Score;

/** A reward of one's own: {@code docs/library.md} shows what is between the marks. */
public final class OwnReward {
  private OwnReward() {}

  // begin
  public static void main(String[] args) throws Exception {
    // Many different digits are worth more than few; half of the ten count as right.
    Reward digits =
        input -> {
          long found = input.response().chars().filter(Character::isDigit).distinct().count();
          return new Score(found / 10.0, found >= 5);
        };
    TrainingRun.Result result =
        TrainingRun.of(Path.of(args[0]), "model=" + args[1], "output=" + args[2])
            .reward(digits)
            .run();
    System.out.println(result.toJson());
  }
  // end
}
