package org.treepo4j.rl.run;

import java.nio.file.Path;
import java.util.Map;

/** Told how a run goes on, for progress bars and logs. */
public interface TrainingListener {

  /** A listener that does not listen. */
  TrainingListener NONE = (step, steps, metrics) -> {};

  /**
   * A step is done and logged.
   *
   * @param step 1 for the first
   * @param steps how many there will be, as far as can be foreseen
   * @param metrics as in {@code metrics.jsonl}
   */
  void stepped(long step, long steps, Map<String, Number> metrics);

  /** Something people should know, one line. */
  default void note(String line) {}

  /** The run's folder is another than the settings name, where others are already. */
  default void writesElsewhere(Path folder) {}
}
