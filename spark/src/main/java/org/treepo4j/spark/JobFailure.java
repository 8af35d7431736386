package org.treepo4j.spark;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why a job was given up, in one line, out of what Spark says in many. */
final class JobFailure {
  /** "Lost task 0.3 in stage 2.0 (TID 9) (10.0.0.7 executor 1): reason". */
  private static final Pattern LAST =
      Pattern.compile(
          "(?s)failed (\\d+) times?, most recent failure: Lost task \\S+ in stage \\S+ \\(TID \\d+\\)"
              + " \\((\\S+) executor (\\S+)\\): (.*)");

  private static final Pattern EXIT =
      Pattern.compile("(?i)exit(?:ed with)? (?:code|status):? (\\d+)");

  /** What Spark's executors exit with where memory ran out. */
  private static final int OUT_OF_MEMORY = 52;

  private static final int KILLED = 137;

  private JobFailure() {}

  static String of(Throwable failure) {
    String text = String.valueOf(failure.getMessage());
    Matcher last = LAST.matcher(text);
    if (!last.find()) {
      return oneLine(failure);
    }
    return "executor %s on %s failed last, after %s tries: %s"
        .formatted(last.group(3), last.group(2), last.group(1), reason(last.group(4)));
  }

  private static String reason(String said) {
    String first = firstLine(said);
    if (said.contains("OutOfMemoryError") || exit(said) == OUT_OF_MEMORY) {
      return "out of memory; raise spark.executor.memory, or lower trainer.microBatchTokens or"
          + " rollout.maxBatchPaths ("
          + first
          + ")";
    }
    if (exit(said) == KILLED) {
      return "it was killed, perhaps by its machine for want of memory (" + first + ")";
    }
    return first;
  }

  private static int exit(String said) {
    Matcher exit = EXIT.matcher(said);
    return exit.find() ? Integer.parseInt(exit.group(1)) : 0;
  }

  static String oneLine(Throwable failure) {
    return firstLine(failure.getMessage() == null ? failure.toString() : failure.getMessage());
  }

  static String firstLine(String text) {
    return text.lines().findFirst().orElse("").strip();
  }
}
