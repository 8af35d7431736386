package org.treepo4j.tests.docs.library;

import java.nio.file.Path;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.rl.TrainingRun;
import org.treepo4j.rl.train.TrainSettings;

/** A whole run: {@code docs/library.md} shows what is between the marks. */
public final class Train {
  private Train() {}

  // begin
  public static void main(String[] args) throws Exception {
    TrainSettings settings =
        Settings.of(TrainSettings.class)
            .set("model", Path.of(args[0]))
            .set("output", Path.of(args[1]))
            .set("data.train", Path.of(args[2]))
            .set("rollout", TrainSettings.defaults().rollout().ofSize(8, 8, 9))
            .set("trainer.steps", 2)
            .set("trainer.trainOnShortBatch", true)
            .build();
    TrainingRun.Result result = TrainingRun.of(settings).run();
    System.out.println("trained in " + result.seconds() + " s: " + result.summary().checkpoint());
  }
  // end
}
