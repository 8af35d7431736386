package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.cli.Main;

/**
 * Writing fails in the middle of a checkpoint, as on a full disk. The shell's limit of file size
 * stands for the disk: it needs no rights, and the system call fails in the same way.
 */
class DiskFullTest {
  /** In blocks of 1024 bytes: more than metrics and trees, less than the weights. */
  private static final String LIMIT = "100";

  private static final Path SHELL = Path.of("/bin/bash");

  @TempDir Path folder;

  @Test
  void aCheckpointThatCannotBeWrittenLosesNothing() throws Exception {
    assumeTrue(Files.isExecutable(SHELL), "needs " + SHELL);
    TinyRuns runs = new TinyRuns(folder);
    String[] settings = {
      "--set", "model=" + runs.model("wide", 128, 3), "--set", "trainer.steps=4"
    };
    runs.run("train", "whole", settings).ok();
    runs.run("train", "full", settings).ok();
    runs.killAfter("full", 2);

    Path log = folder.resolve("log");
    int exitCode = resumeLimited(runs.arguments("train", "full"), settings, log);

    assertThat(exitCode).as(Files.readString(log)).isEqualTo(2);
    String error = Files.readAllLines(log).stream().reduce((first, second) -> second).orElse("");
    assertThat(error)
        .startsWith("treepo: " + folder.resolve("full"))
        .contains("cannot be written: File too large");
    assertThat(runs.checkpoint("full", 2).resolve("model.safetensors")).exists();
    assertThat(runs.checkpoint("full", 4)).doesNotExist();
    String[] resume =
        Stream.concat(Stream.of(settings), Stream.of("--resume")).toArray(String[]::new);
    assertThat(runs.run("train", "full", resume).ok().err()).contains("going on from");
    runs.assertSameRuns("whole", "full", 4);
  }

  private static int resumeLimited(String[] arguments, String[] settings, Path log)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                SHELL.toString(),
                "-c",
                "ulimit -f " + LIMIT + " && exec \"$@\"",
                "bash",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:-UsePerfData",
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(List.of(arguments));
    command.addAll(List.of(settings));
    command.add("--resume");
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start()
        .waitFor();
  }
}
