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
 * that nobody touched, bit for bit. Kills of exports between them leave nothing, or all. Not part
 * of {@code verify}: docs/testing.md has the command.
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
    int ofTraining = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      KilledMain.Phase phase = KilledMain.Phase.values()[kill % KilledMain.Phase.values().length];
      boolean killed;
      if (phase.isOfExport()) {
        killed = killExport(runs, phase, kill);
      } else {
        List<String> training = new ArrayList<>(List.of(runs.arguments("train", "killed")));
        training.addAll(settings(100_000));
        training.add("--resume");
        String output = output(phase, kill, training);
        assertThat(output).as("kill %d", kill).doesNotContain("treepo: ").contains("killed in");
        killed = true;
        ofTraining++;
        resumed += output.contains("going on from") ? 1 : 0;
      }
      kills.merge(phase, killed ? 1 : 0, Integer::sum);
    }
    assertThat(resumed)
        .as("runs that went on from a checkpoint")
        .isGreaterThanOrEqualTo(ofTraining / 2);
    kills.forEach((phase, count) -> assertThat(count).as(phase.name()).isPositive());
    assertThat(lastStep(runs)).as("steps between kills").isGreaterThanOrEqualTo(ofTraining / 2);
    int end = lastStep(runs) + SPARE_STEPS;
    runs.run("train", "killed", with(settings(end), "--resume")).ok();
    runs.run("train", "whole", settings(end).toArray(String[]::new)).ok();
    runs.assertSameRuns("whole", "killed", end);
    assertNoLeftovers(runs.path("killed"));
    System.out.printf(
        Locale.ROOT, "soak kills %s, %d resumed, %d steps, bit-equal%n", kills, resumed, end);
  }

  /**
   * An export of the last checkpoint, killed: nothing is there or all of it, and the same command
   * then writes what one that nobody touched does.
   *
   * @return false where it had ended before its kill came
   */
  private boolean killExport(TinyRuns runs, KilledMain.Phase phase, int kill) throws Exception {
    boolean gguf = phase == KilledMain.Phase.EXPORT_GGUF;
    Path model =
        lastStep(runs) == 0 ? runs.path("model") : runs.checkpoint("killed", lastStep(runs));
    Path out = Files.createDirectories(folder.resolve("exports")).resolve("out-" + kill);
    Path whole = folder.resolve("whole-" + kill);
    String output = output(phase, kill, export(model, out, gguf));
    assertThat(output).as("kill %d", kill).doesNotContain("treepo: ");
    TinyRuns.cli(export(model, whole, gguf).toArray(String[]::new)).ok();
    if (Files.exists(out)) {
      assertSameFiles(out, whole);
    } else {
      TinyRuns.cli(export(model, out, gguf).toArray(String[]::new)).ok();
      assertSameFiles(out, whole);
    }
    assertNoLeftovers(out.getParent());
    return output.contains("killed in");
  }

  private static List<String> export(Path model, Path out, boolean gguf) {
    List<String> command =
        new ArrayList<>(List.of("export", "--model", model.toString(), "--out", out.toString()));
    command.addAll(
        gguf
            ? List.of("--format", "gguf", "--type", "f32")
            : List.of("--dtype", "f32", "--max-shard-gb", "0.000004"));
    return command;
  }

  /** What a command printed until it was killed or ended. */
  private String output(KilledMain.Phase phase, int kill, List<String> command) throws Exception {
    Path log = folder.resolve("log");
    List<String> arguments =
        new ArrayList<>(List.of(phase.name().toLowerCase(Locale.ROOT), String.valueOf(kill)));
    arguments.addAll(command);
    Child.start("", KilledMain.class, log, arguments).waitFor();
    return Files.readString(log);
  }

  private static void assertSameFiles(Path one, Path other) throws IOException {
    try (Stream<Path> left = Files.walk(one);
        Stream<Path> right = Files.walk(other)) {
      List<Path> files = left.filter(Files::isRegularFile).map(one::relativize).toList();
      assertThat(right.filter(Files::isRegularFile).map(other::relativize))
          .containsExactlyInAnyOrderElementsOf(files);
      for (Path file : files) {
        assertThat(one.resolve(file)).hasSameBinaryContentAs(other.resolve(file));
      }
    }
  }

  private static void assertNoLeftovers(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      assertThat(files.map(Path::toString))
          .noneMatch(name -> name.matches(".*\\.(writing|partial|new|tmp)"));
    }
  }

  private static List<String> settings(int steps) {
    return List.of(
        "--set",
        "trainer={steps: %d, promptsPerStep: 2, microBatchTokens: 200, trainOnShortBatch: true}"
            .formatted(steps),
        "--set",
        // Higher rates end in a policy that answers alike to all, and so in runs without updates.
        "optimizer.learningRate={peak: 1e-5, warmupUpdates: 5}",
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
    Path checkpoints = runs.path("killed").resolve("checkpoints");
    if (!Files.exists(checkpoints)) {
      return 0;
    }
    try (Stream<Path> found = Files.list(checkpoints)) {
      return found
          .map(path -> path.getFileName().toString())
          .filter(name -> name.matches("step-\\d+"))
          .mapToInt(name -> Integer.parseInt(name.substring("step-".length())))
          .max()
          .orElse(0);
    }
  }
}
