package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.cli.Main;

/**
 * Disks that fill, files that cannot be written, few handles, and folders that vanish, at every
 * file that a run writes. Not part of {@code verify}: docs/testing.md has the command.
 */
class FailingDiskSoak {
  private static final int TRIES = Integer.getInteger("soak.disks", 30);
  private static final int STEPS = 6;

  /** Room of the largest trial, in KiB: a run of {@value #STEPS} steps takes less. */
  private static final int MOST_KIB = 400;

  @TempDir Path folder;
  private TinyRuns runs;

  @BeforeEach
  void prepare() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "needs /bin/bash");
    runs = new TinyRuns(folder);
    runs.run("train", "whole").ok();
  }

  /** A file system as small as that, where this user may mount one; else a limit of file size. */
  @Test
  void aFullDiskEndsTheRunWithTheFilesNameAndLosesNothing() throws Exception {
    Map<String, Integer> stopped = new TreeMap<>();
    Path disk = Files.createDirectories(folder.resolve("disk"));
    for (int i = 0; i < TRIES; i++) {
      int kib = 4 + i * MOST_KIB / TRIES;
      boolean mounted = shell("mount -t tmpfs -o size=" + kib + "k none " + disk) == 0;
      try {
        String limit = mounted ? "" : "ulimit -f " + Math.max(1, kib / 8);
        Path log = folder.resolve("log");
        List<String> arguments = arguments("disk/run");
        int code = Child.start(limit, Main.class, log, arguments).waitFor();
        String last = lastLine(log);
        if (code != 0) {
          assertThat(code).as(last).isEqualTo(2);
          assertThat(last).startsWith("treepo: ");
          assertThat(last).containsAnyOf(disk.toString(), "cannot be carried over");
          stopped.merge(last.replaceAll(".*/disk/run/?(\\S*?)[:,]? .*", "$1"), 1, Integer::sum);
        }
        if (mounted) {
          assertThat(shell("mount -o remount,size=100m none " + disk)).isZero();
        }
        runs.run("train", "disk/run", "--resume").ok();
        runs.assertSameRuns("whole", "disk/run", STEPS);
        assertNoLeftovers(runs.path("disk/run"));
      } finally {
        if (mounted) {
          shell("umount " + disk);
        }
        deleteTree(disk.resolve("run"));
      }
    }
    System.out.println("soak full disks, by the file that did not fit: " + stopped);
    assertThat(stopped).isNotEmpty();
  }

  @Test
  void fewFileHandlesAreEnoughOrRefused() throws Exception {
    Path log = folder.resolve("log");
    int code = Child.start("ulimit -n 160", Main.class, log, arguments("few")).waitFor();
    assertThat(code).as(lastLine(log)).isZero();
    runs.assertSameRuns("whole", "few", STEPS);
    String launcher = Path.of(System.getProperty("treepo.root", ".."), "treepo").toString();
    Process refused =
        new ProcessBuilder("/bin/bash", "-c", "ulimit -n 40; exec " + launcher + " info")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertThat(refused.waitFor()).isEqualTo(2);
    assertThat(lastLine(log)).contains("160 files", "ulimit -n says 40");
  }

  @Test
  void aRunFolderThatVanishesIsNamed() throws Exception {
    Path log = folder.resolve("log");
    List<String> arguments = arguments("gone");
    arguments.addAll(
        List.of("--set", "trainer={steps: 100000, promptsPerStep: 2, trainOnShortBatch: true}"));
    Process process = Child.start("", Main.class, log, arguments);
    Path metrics = runs.path("gone").resolve("metrics.jsonl");
    while (process.isAlive() && !Files.exists(metrics)) {
      Thread.sleep(20);
    }
    Files.move(runs.path("gone"), runs.path("moved"));
    process.waitFor();
    assertThat(lastLine(log)).startsWith("treepo: ").contains("gone");
    assertThat(process.exitValue()).isIn(1, 2);
    assertThat(lastLine(log)).doesNotContain("Exception");
  }

  /**
   * Files with a folder in their way; metrics and checkpoints there are taken for another run's.
   */
  @Test
  void aFileThatCannotBeWrittenIsNamedAndTheRunGoesOnAfterwards() throws Exception {
    for (String file : List.of("settings.yaml", "trees/step-000002.jsonl", "summary.json")) {
      String name = "way-" + file.replace('/', '-');
      Path obstacle = runs.path(name).resolve(file);
      Files.createDirectories(obstacle.resolve("in-the-way"));
      Path log = folder.resolve("log");
      int code = Child.start("", Main.class, log, arguments(name)).waitFor();
      assertThat(code).as(file + ": " + lastLine(log)).isEqualTo(2);
      assertThat(lastLine(log)).startsWith("treepo: ").contains(file.replaceAll(".*/", ""));
      deleteTree(obstacle);
      runs.run("train", name, "--resume").ok();
      runs.assertSameRuns("whole", name, STEPS);
      System.out.println("soak unwritable " + file + ": named, resumed, bit-equal");
    }
  }

  private List<String> arguments(String output) {
    return new ArrayList<>(List.of(runs.arguments("train", output)));
  }

  private static void assertNoLeftovers(Path run) throws IOException {
    try (Stream<Path> files = Files.walk(run)) {
      assertThat(files.map(Path::toString))
          .noneMatch(name -> name.matches(".*\\.(writing|partial|new|tmp)"));
    }
  }

  private static int shell(String command) throws Exception {
    return new ProcessBuilder("/bin/bash", "-c", command + " >/dev/null 2>&1").start().waitFor();
  }

  private static String lastLine(Path log) throws IOException {
    return Files.readAllLines(log).stream().reduce((first, second) -> second).orElse("");
  }

  private static void deleteTree(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
