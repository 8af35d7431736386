package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills in every phase of a run, each followed by a resumption; in the end the run must equal one
 * that nobody touched, bit for bit. Not part of {@code verify}: docs/testing.md has the command.
 */
class KillSoak {
  private static final int KILLS = Integer.getInteger("soak.kills", 200);
  private static final int SPARE_STEPS = 3;

  @TempDir Path folder;

  @Test
  void runsKilledInEveryPhaseEndAsThoseThatWereNot() throws Exception {
    TinyRuns runs = new TinyRuns(folder);
    Map<KilledMain.Phase, Integer> kills = new EnumMap<>(KilledMain.Phase.class);
    int resumed = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      KilledMain.Phase phase = KilledMain.Phase.values()[kill % KilledMain.Phase.values().length];
      Path log = folder.resolve("log");
      List<String> arguments =
          new ArrayList<>(List.of(phase.name().toLowerCase(Locale.ROOT), String.valueOf(kill)));
      arguments.addAll(List.of(runs.arguments("train", "killed")));
      arguments.addAll(settings(100_000));
      arguments.add("--resume");
      Child.start("", KilledMain.class, log, arguments).waitFor();
      String output = Files.readString(log);
      assertThat(output).as("kill %d", kill).doesNotContain("treepo: ").contains("killed in");
      resumed += output.contains("going on from") ? 1 : 0;
      kills.merge(phase, 1, Integer::sum);
    }
    assertThat(resumed).as("runs that went on from a checkpoint").isGreaterThanOrEqualTo(KILLS / 2);
    int end = lastStep(runs) + SPARE_STEPS;
    runs.run("train", "killed", with(settings(end), "--resume")).ok();
    runs.run("train", "whole", settings(end).toArray(String[]::new)).ok();
    runs.assertSameRuns("whole", "killed", end);
    try (Stream<Path> files = Files.walk(runs.path("killed"))) {
      assertThat(files.map(Path::toString))
          .noneMatch(name -> name.endsWith(".writing") || name.endsWith(".partial"));
    }
    System.out.printf(
        Locale.ROOT, "soak kills %s, %d resumed, %d steps, bit-equal%n", kills, resumed, end);
  }

  private static List<String> settings(int steps) {
    return List.of(
        "--set",
        "trainer={steps: %d, promptsPerStep: 2, microBatchTokens: 200, trainOnShortBatch: true}"
            .formatted(steps),
        "--set",
        "optimizer.learningRate={peak: 0.01, warmupUpdates: 5}",
        "--set",
        "checkpoint={everySteps: 1, keepLast: 2}",
        "--set",
        "evaluation={everySteps: 1, maxTasks: 2}",
        "--set",
        "loss.kl=none");
  }

  private static String[] with(List<String> settings, String last) {
    return Stream.concat(settings.stream(), Stream.of(last)).toArray(String[]::new);
  }

  private static int lastStep(TinyRuns runs) throws IOException {
    try (Stream<Path> found = Files.list(runs.path("killed").resolve("checkpoints"))) {
      return found
          .map(path -> path.getFileName().toString())
          .filter(name -> name.matches("step-\\d+"))
          .mapToInt(name -> Integer.parseInt(name.substring("step-".length())))
          .max()
          .orElse(0);
    }
  }
}
