package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.cli.Main;

/**
 * What machines do to a run meanwhile: clocks that jump, folders that can no longer be written to,
 * are deleted or moved, few file handles. Not part of {@code verify}: docs/testing.md has the
 * command.
 */
@EnabledOnOs(OS.LINUX)
class MachineSoak {
  private static final Path FAKE_TIME =
      Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");
  private static final int STEPS = 6;
  private static final List<String> LONG =
      List.of(
          "--set",
          "trainer={steps: 100000, promptsPerStep: 2, trainOnShortBatch: true}",
          "--set",
          "optimizer.learningRate={peak: 0.01, warmupUpdates: 5}",
          "--set",
          "checkpoint={everySteps: 1, keepLast: 2}");

  @TempDir Path folder;
  private TinyRuns runs;
  private Path log;

  @BeforeEach
  void prepare() throws Exception {
    runs = new TinyRuns(folder);
    log = folder.resolve("log");
  }

  /** From 1970 to 2100 and back, several times a second, also between a kill and its resumption. */
  @Test
  void aClockThatJumpsChangesNothing() throws Exception {
    assumeTrue(Files.exists(FAKE_TIME), "needs libfaketime (Debian: apt-get install libfaketime)");
    runs.run("train", "whole").ok();
    assertThat(trainUnderAJumpingClock(List.of())).as(Files.readString(log)).isZero();
    runs.assertSameRuns("whole", "jumping", STEPS);
    runs.killAfter("jumping", 2);
    assertThat(trainUnderAJumpingClock(List.of("--resume"))).as(Files.readString(log)).isZero();
    assertThat(Files.readString(log)).contains("going on from");
    runs.assertSameRuns("whole", "jumping", STEPS);
  }

  private int trainUnderAJumpingClock(List<String> more) throws Exception {
    Path clock = Files.writeString(folder.resolve("clock"), "+0\n");
    String environment =
        "export LD_PRELOAD=%s FAKETIME_TIMESTAMP_FILE=%s FAKETIME_NO_CACHE=1"
            + " FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1";
    List<String> arguments = arguments("jumping", more);
    Process process =
        Child.start(environment.formatted(FAKE_TIME, clock), Main.class, log, arguments);
    List<String> times =
        List.of("@1970-01-02 00:00:00", "+0", "@2100-01-01 00:00:00", "-3600", "+40d");
    Random random = new Random(1);
    while (!process.waitFor(50 + random.nextInt(200), TimeUnit.MILLISECONDS)) {
      Files.writeString(clock, times.get(random.nextInt(times.size())) + "\n");
    }
    return process.exitValue();
  }

  /** As for a user without the rights of root; these are given up where this user has them. */
  @Test
  void aRunFolderMadeReadOnlyIsNamedAndTheRunGoesOnWhenItMayBeWritten() throws Exception {
    String user = "";
    if (System.getProperty("user.name").equals("root")) {
      assumeTrue(Child.shell("setpriv --version") == 0, "needs setpriv");
      String rights = "-dac_override,-dac_read_search";
      user = "set -- setpriv --bounding-set=%1$s --inh-caps=%1$s \"$@\"".formatted(rights);
    }
    for (String place : List.of("", "/checkpoints", "/trees")) {
      String name = "sealed" + place.replace('/', '-');
      Process process = Child.start(user, Main.class, log, arguments(name, LONG));
      Path run = runs.path(name);
      await(process, runs.checkpoint(name, 2));
      assertThat(Child.shell("chmod -R a-w " + run + place)).isZero();
      assertThat(process.waitFor()).as(Files.readString(log)).isEqualTo(2);
      assertThat(Child.lastLine(log)).startsWith("treepo: ").contains(run.toString());
      assertThat(Child.shell("chmod -R u+w " + run)).isZero();
      assertGoesOn(name);
      System.out.println("soak read-only run folder" + place + ": named, resumed, bit-equal");
    }
  }

  @Test
  void aReadOnlyFileSystemIsNamedBeforeTheFirstStep() throws Exception {
    Path disk = Files.createDirectories(folder.resolve("disk"));
    assumeTrue(Child.shell("mount -t tmpfs none " + disk) == 0, "may not mount");
    try {
      runs.run("train", "disk/run").ok();
      assertThat(Child.shell("mount -o remount,ro " + disk)).isZero();
      for (List<String> more : List.of(List.<String>of(), List.of("--resume"))) {
        assertThat(Child.start("", Main.class, log, arguments("disk/run", more)).waitFor())
            .isEqualTo(2);
        assertThat(Child.lastLine(log))
            .startsWith("treepo: " + disk)
            .contains("Read-only file system");
      }
    } finally {
      Child.shell("umount " + disk);
    }
  }

  @Test
  void aRunFolderThatIsDeletedIsNamedAndNothingOfItComesBack() throws Exception {
    Process process = Child.start("", Main.class, log, arguments("gone", LONG));
    await(process, runs.checkpoint("gone", 2));
    while (Child.shell("rm -r " + runs.path("gone")) != 0) {
      // Something was written while it was deleted.
    }
    assertEndsNaming(process, "gone");
    assertThat(runs.path("gone")).doesNotExist();
  }

  @Test
  void aRunFolderThatIsMovedIsNamedAndGoesOnWhereItIs() throws Exception {
    Process process = Child.start("", Main.class, log, arguments("here", LONG));
    await(process, runs.checkpoint("here", 2));
    Files.move(runs.path("here"), runs.path("there"));
    assertEndsNaming(process, "here");
    assertThat(runs.path("here")).doesNotExist();
    assertGoesOn("there");
  }

  private void assertEndsNaming(Process process, String name) throws Exception {
    assertThat(process.waitFor()).as(Files.readString(log)).isEqualTo(2);
    assertThat(Child.lastLine(log))
        .startsWith("treepo: ")
        .contains(runs.path(name).toString())
        .doesNotContain("Exception");
  }

  @Test
  void fewFileHandlesAreEnoughOrRefused() throws Exception {
    runs.run("train", "whole").ok();
    int code = Child.start("ulimit -n 160", Main.class, log, arguments("few", List.of())).waitFor();
    assertThat(code).as(Child.lastLine(log)).isZero();
    runs.assertSameRuns("whole", "few", STEPS);
    String launcher = Path.of(System.getProperty("treepo.root", ".."), "treepo").toString();
    Process refused =
        new ProcessBuilder("/bin/bash", "-c", "ulimit -n 40; exec " + launcher + " info")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertThat(refused.waitFor()).isEqualTo(2);
    assertThat(Child.lastLine(log)).contains("160 files", "ulimit -n says 40");
  }

  /** Three steps more, and all equal to a run that nobody touched. */
  private void assertGoesOn(String name) throws IOException {
    int end = lastStep(name) + 3;
    String[] settings = LONG.toArray(String[]::new);
    settings[1] = settings[1].replace("100000", String.valueOf(end));
    List<String> resumed = new ArrayList<>(List.of(settings));
    resumed.add("--resume");
    runs.run("train", name, resumed.toArray(String[]::new)).ok();
    runs.run("train", "whole-" + name, settings).ok();
    runs.assertSameRuns("whole-" + name, name, end);
    try (Stream<Path> files = Files.walk(runs.path(name))) {
      assertThat(files.map(Path::toString)).noneMatch(file -> file.endsWith(".writing"));
    }
  }

  private int lastStep(String name) throws IOException {
    try (Stream<Path> found = Files.list(runs.path(name).resolve("checkpoints"))) {
      return found
          .map(path -> path.getFileName().toString())
          .filter(step -> step.matches("step-\\d+"))
          .mapToInt(step -> Integer.parseInt(step.substring("step-".length())))
          .max()
          .orElseThrow();
    }
  }

  private List<String> arguments(String output, List<String> more) {
    List<String> arguments = new ArrayList<>(List.of(runs.arguments("train", output)));
    arguments.addAll(more);
    return arguments;
  }

  private static void await(Process process, Path file) throws Exception {
    while (process.isAlive() && !Files.exists(file)) {
      Thread.sleep(10);
    }
  }
}
