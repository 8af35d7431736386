package org.treepo4j.tests.run;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.treepo4j.cli.Main;

/**
 * Runs a command and kills its own process, as {@code kill -9} does, at a random moment of a phase.
 * Arguments: the phase, a seed, and those of the command.
 */
final class KilledMain {
  /** What is on the stack of a thread, by the beginning of a class's or method's name. */
  enum Phase {
    SAMPLING("rl.train.GroupCollector"),
    UPDATE("rl.train.PolicyUpdate"),
    CHECKPOINT("rl.run.RunCheckpoints.write"),
    METRICS("rl.metrics."),
    EVALUATION("rl.sampling.Evaluator"),
    EXPORT_FOLDER("checkpoints.HfExport"),
    EXPORT_GGUF("checkpoints.gguf.GgufExport");

    private final String place;

    Phase(String place) {
      this.place = "org.treepo4j." + place;
    }

    boolean isOfExport() {
      return this == EXPORT_FOLDER || this == EXPORT_GGUF;
    }

    private boolean contains(StackTraceElement[] stack) {
      return Arrays.stream(stack)
          .anyMatch(
              frame -> (frame.getClassName() + "." + frame.getMethodName()).startsWith(place));
    }
  }

  private static final int MOST_CHECKPOINTS = 4;
  private static final int MOST_VISITS = 4;

  private static final long MOST_NANOS = TimeUnit.MINUTES.toNanos(5);

  /** An export is one visit that is looked at again and again. */
  private static final int MOST_LOOKS_AT_EXPORT = 40;

  private KilledMain() {}

  public static void main(String[] arguments) throws Exception {
    Phase phase = Phase.valueOf(arguments[0].toUpperCase(Locale.ROOT));
    Random random = new Random(Long.parseLong(arguments[1]));
    String[] command = Arrays.copyOfRange(arguments, 2, arguments.length);
    Process executioner = executioner();
    Thread killer =
        new Thread(
            () -> {
              if (phase.isOfExport()) {
                killIn(executioner, phase, 0, 1 + random.nextInt(MOST_LOOKS_AT_EXPORT));
              } else {
                killIn(
                    executioner,
                    phase,
                    random.nextInt(MOST_CHECKPOINTS),
                    1 + random.nextInt(MOST_VISITS));
              }
            },
            "killer");
    killer.setDaemon(true);
    killer.start();
    System.exit(
        Main.run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), command));
  }

  /** Kills once so many checkpoints were written and the phase was seen so many times. */
  private static void killIn(Process executioner, Phase phase, int checkpoints, int visits) {
    long until = System.nanoTime() + MOST_NANOS;
    awaitCheckpoints(checkpoints, until);
    int seen = 0;
    while (seen < visits) {
      seen += isIn(phase) ? 1 : 0;
      pause(until);
    }
    System.out.println("killed in " + phase);
    kill(executioner);
  }

  private static void awaitCheckpoints(int count, long until) {
    int written = 0;
    boolean writing = false;
    while (written < count) {
      boolean now = isIn(Phase.CHECKPOINT);
      written += writing && !now ? 1 : 0;
      writing = now;
      pause(until);
    }
  }

  /** A run that never comes to its phase ends, and is not taken for one that was killed. */
  private static void pause(long until) {
    if (System.nanoTime() > until) {
      System.out.println("treepo: the phase was not reached");
      Runtime.getRuntime().halt(1);
    }
    Thread.onSpinWait();
  }

  private static boolean isIn(Phase phase) {
    return Thread.getAllStackTraces().entrySet().stream()
        .anyMatch(
            thread ->
                thread.getKey() != Thread.currentThread() && phase.contains(thread.getValue()));
  }

  /** Waits for a line and kills this process: starting it takes longer than some phases. */
  private static Process executioner() throws IOException {
    String command = "read line; kill -9 " + ProcessHandle.current().pid();
    return new ProcessBuilder("sh", "-c", command).start();
  }

  private static void kill(Process executioner) {
    try (OutputStream line = executioner.getOutputStream()) {
      line.write('\n');
      line.flush();
      executioner.waitFor();
    } catch (IOException | InterruptedException e) {
      Runtime.getRuntime().halt(1);
    }
  }
}
