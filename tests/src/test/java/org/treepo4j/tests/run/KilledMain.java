package org.treepo4j.tests.run;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.treepo4j.cli.Main;

/**
 * Runs a command and kills its own process, as {@code kill -9} does, at a random moment of a phase.
 * Arguments: the phase, a seed, and those of the command.
 */
final class KilledMain {
  /** What is on the stack of the thread that trains, innermost last, by class. */
  enum Phase {
    SAMPLING("sampling.TaskSampler"),
    UPDATE("train.PolicyUpdate"),
    CHECKPOINT("run.RunCheckpoints"),
    METRICS("metrics."),
    EVALUATION("eval.Evaluator");

    private final String place;

    Phase(String place) {
      this.place = "org.treepo4j.rl." + place;
    }

    private boolean contains(StackTraceElement[] stack) {
      return Arrays.stream(stack).anyMatch(frame -> frame.getClassName().startsWith(place));
    }
  }

  private static final int MOST_VISITS = 40;

  private KilledMain() {}

  public static void main(String[] arguments) throws Exception {
    Phase phase = Phase.valueOf(arguments[0].toUpperCase(Locale.ROOT));
    Random random = new Random(Long.parseLong(arguments[1]));
    String[] command = Arrays.copyOfRange(arguments, 2, arguments.length);
    Thread killer = new Thread(() -> killIn(phase, 1 + random.nextInt(MOST_VISITS)), "killer");
    killer.setDaemon(true);
    killer.start();
    System.exit(Main.run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), command));
  }

  /** Kills once the phase was seen so many times. */
  private static void killIn(Phase phase, int visits) {
    int seen = 0;
    while (true) {
      for (Map.Entry<Thread, StackTraceElement[]> thread : Thread.getAllStackTraces().entrySet()) {
        if (thread.getKey() != Thread.currentThread() && phase.contains(thread.getValue())) {
          seen++;
          break;
        }
      }
      if (seen >= visits) {
        System.out.println("killed in " + phase);
        ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
        kill();
      }
      Thread.onSpinWait();
    }
  }

  private static void kill() {
    try {
      new ProcessBuilder("kill", "-9", String.valueOf(ProcessHandle.current().pid()))
          .start()
          .waitFor();
    } catch (java.io.IOException | InterruptedException e) {
      Runtime.getRuntime().halt(1);
    }
  }
}
