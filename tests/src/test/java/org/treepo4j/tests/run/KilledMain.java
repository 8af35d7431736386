package org.treepo4j.tests.run;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.treepo4j.cli.Main;

/**
 * Runs a command and kills its own process, as {@code kill -9} does, at a random moment of a phase.
 * Arguments: the phase, a seed, and those of the command.
 */
final class KilledMain {
  /** What is on the stack of the thread that trains, innermost last, by class. */
  enum Phase {
    SAMPLING("train.GroupCollector"),
    UPDATE("train.PolicyUpdate"),
    CHECKPOINT("run.RunCheckpoints"),
    METRICS("metrics."),
    EVALUATION("sampling.Evaluator");

    private final String place;

    Phase(String place) {
      this.place = "org.treepo4j.rl." + place;
    }

    private boolean contains(StackTraceElement[] stack) {
      return Arrays.stream(stack).anyMatch(frame -> frame.getClassName().startsWith(place));
    }
  }

  private static final int MOST_CHECKPOINTS = 4;
  private static final int MOST_VISITS = 4;

  private KilledMain() {}

  public static void main(String[] arguments) throws Exception {
    Phase phase = Phase.valueOf(arguments[0].toUpperCase(Locale.ROOT));
    Random random = new Random(Long.parseLong(arguments[1]));
    String[] command = Arrays.copyOfRange(arguments, 2, arguments.length);
    Thread killer =
        new Thread(
            () -> killIn(phase, random.nextInt(MOST_CHECKPOINTS), 1 + random.nextInt(MOST_VISITS)),
            "killer");
    killer.setDaemon(true);
    killer.start();
    System.exit(
        Main.run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), command));
  }

  /** Kills once so many checkpoints were written and the phase was seen so many times. */
  private static void killIn(Phase phase, int checkpoints, int visits) {
    awaitCheckpoints(checkpoints);
    int seen = 0;
    while (seen < visits) {
      seen += isIn(phase) ? 1 : 0;
      Thread.onSpinWait();
    }
    System.out.println("killed in " + phase);
    kill();
  }

  private static void awaitCheckpoints(int count) {
    int written = 0;
    boolean writing = false;
    while (written < count) {
      boolean now = isIn(Phase.CHECKPOINT);
      written += writing && !now ? 1 : 0;
      writing = now;
      Thread.onSpinWait();
    }
  }

  private static boolean isIn(Phase phase) {
    return Thread.getAllStackTraces().entrySet().stream()
        .anyMatch(
            thread ->
                thread.getKey() != Thread.currentThread() && phase.contains(thread.getValue()));
  }

  private static void kill() {
    try {
      new ProcessBuilder("kill", "-9", String.valueOf(ProcessHandle.current().pid()))
          .start()
          .waitFor();
    } catch (IOException | InterruptedException e) {
      Runtime.getRuntime().halt(1);
    }
  }
}
