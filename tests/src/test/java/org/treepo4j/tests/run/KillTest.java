package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.cli.Main;

/** A training process that is killed again and again, like {@code kill -9} does. */
class KillTest {
  private static final int KILLS = 10;
  private static final int STEPS = 400;
  private static final int MOST_MILLIS = 500;

  @TempDir Path folder;

  @Test
  void aRunKilledAtAnyMomentsEndsWithTheWeightsOfOneThatWasNot() throws Exception {
    TinyRuns runs = new TinyRuns(folder);
    Random random = new Random(20_260_101);
    int resumed = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Path log = folder.resolve("log" + kill);
      Process process = start(runs, log);
      try {
        if (kill % 4 > 0) {
          awaitProgress(runs, process);
        }
        process.waitFor(random.nextInt(MOST_MILLIS), TimeUnit.MILLISECONDS);
      } finally {
        process.destroyForcibly().waitFor();
      }
      String output = Files.readString(log);
      assertThat(output).doesNotContain("treepo: ");
      resumed += output.contains("going on from") ? 1 : 0;
    }
    assertThat(resumed).as("runs that went on from a checkpoint").isGreaterThanOrEqualTo(KILLS / 2);
    int reached = lastCheckpoint(runs);
    int end = reached + 3;
    String[] steps = settings(end);
    runs.run("train", "killed", with(steps, "--resume")).ok();
    runs.run("train", "whole", steps).ok();
    runs.assertSameRuns("whole", "killed", end);
  }

  private static String[] settings(int steps) {
    return new String[] {
      "--set",
      "trainer={steps: %d, promptsPerStep: 2, microBatchTokens: 200, trainOnShortBatch: true}"
          .formatted(steps),
      "--set",
      "optimizer.learningRate={peak: 0.01, warmupUpdates: 5}",
      "--set",
      "checkpoint={everySteps: 1, keepLast: 2}",
      "--set",
      "data.test=[]",
      "--set",
      "loss.kl=none"
    };
  }

  private static String[] with(String[] settings, String last) {
    return Stream.concat(Stream.of(settings), Stream.of(last)).toArray(String[]::new);
  }

  private Process start(TinyRuns runs, Path log) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1", // is there sooner, and computes the same
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(List.of(runs.arguments("train", "killed")));
    command.addAll(List.of(with(settings(STEPS), "--resume")));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  /** Waits for a checkpoint more than there was, so that every process comes a step further. */
  private void awaitProgress(TinyRuns runs, Process process) throws Exception {
    int before = lastCheckpoint(runs);
    while (process.isAlive() && lastCheckpoint(runs) == before) {
      Thread.sleep(5);
    }
  }

  private static int lastCheckpoint(TinyRuns runs) throws IOException {
    Path checkpoints = runs.path("killed").resolve("checkpoints");
    if (!Files.exists(checkpoints)) {
      return 0;
    }
    try (Stream<Path> found = Files.list(checkpoints)) {
      return found
          .map(path -> path.getFileName().toString())
          .filter(name -> name.startsWith("step-"))
          .mapToInt(name -> Integer.parseInt(name.substring(5)))
          .max()
          .orElse(0);
    }
  }
}
