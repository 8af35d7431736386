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
 * Disks that fill and files that cannot be written, at every file that a run writes. Not part of
 * {@code verify}: docs/testing.md has the command.
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
      boolean mounted = Child.shell("mount -t tmpfs -o size=" + kib + "k none " + disk) == 0;
      try {
        String limit = mounted ? "" : "ulimit -f " + Math.max(1, kib / 8);
        Path log = folder.resolve("log");
        List<String> arguments = arguments("disk/run");
        int code = Child.start(limit, Main.class, log, arguments).waitFor();
        String last = Child.lastLine(log);
        if (code != 0) {
          assertThat(code).as(last).isEqualTo(2);
          assertThat(last).startsWith("treepo: ");
          assertThat(last).containsAnyOf(disk.toString(), "cannot be carried over");
          stopped.merge(last.replaceAll(".*/disk/run/?(\\S*?)[:,]? .*", "$1"), 1, Integer::sum);
        }
        if (mounted) {
          assertThat(Child.shell("mount -o remount,size=100m none " + disk)).isZero();
        }
        runs.run("train", "disk/run", "--resume").ok();
        runs.assertSameRuns("whole", "disk/run", STEPS);
        assertNoLeftovers(runs.path("disk/run"));
      } finally {
        if (mounted) {
          Child.shell("umount " + disk);
        }
        deleteTree(disk.resolve("run"));
      }
    }
    System.out.println("soak full disks, by the file that did not fit: " + stopped);
    assertThat(stopped).isNotEmpty();
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
      assertThat(code).as(file + ": " + Child.lastLine(log)).isEqualTo(2);
      assertThat(Child.lastLine(log)).startsWith("treepo: ").contains(file.replaceAll(".*/", ""));
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
