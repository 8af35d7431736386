package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.cli.Main;

/** What becomes of a command whose results nobody gets, and of one that a signal ends. */
class LostOutputTest {
  private static final Path SHELL = Path.of("/bin/bash");

  @TempDir Path folder;

  @Test
  void aFullDiskUnderStandardOutputIsNamed() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/full")), "needs /dev/full");
    TinyRuns runs = new TinyRuns(folder);
    String[][] commands = {
      {"tasks", "chain-sums", "--count", "10"},
      {"data", runs.path("tasks.jsonl").toString()},
      {"--help"}
    };
    for (String[] command : commands) {
      Ended ended = shell("exec \"$@\" > /dev/full", command);
      assertThat(ended.exitCode()).as(command[0] + ": " + ended.err()).isNotZero();
      assertThat(ended.err())
          .contains("treepo: stdout: cannot be written: No space left on device");
    }
    Ended trained = shell("exec \"$@\" > /dev/full", runs.arguments("sft", "run"));
    assertThat(trained.exitCode()).isNotZero();
    assertThat(trained.err()).contains("treepo: stdout: cannot be written");
    assertThat(folder.resolve("run/summary.json")).exists();
  }

  @Test
  void aReaderThatStopsEndsTheCommand() throws Exception {
    TinyRuns runs = new TinyRuns(folder);
    String model = folder.resolve("model").toString();
    String line = "{\"ids\":[2,3,4]}\\n{\"ids\":[2,3,4]}\\n";
    String text = "{\"prediction\":\"5\",\"answer\":\"5\",\"text\":\"1+1=\"}\\n";
    String[][] commands = {
      {"", "tasks", "chain-sums", "--count", "2000000"},
      {"", "data", runs.path("tasks.jsonl").toString()},
      {"", "--help"},
      {line, "score", "--model", model},
      {text, "grade"},
      {text, "tokenize", "--model", model},
      {"", "generate", "--model", model, "--prompt", "1+1=", "--max-tokens", "9"},
    };
    for (String[] command : commands) {
      Ended ended =
          shell(
              "exec 3> >(:); wait $!; printf '" + command[0] + "' | \"$@\" >&3",
              Arrays.copyOfRange(command, 1, command.length));
      assertThat(ended.exitCode()).as(command[1] + ": " + ended.err()).isEqualTo(1);
      assertThat(ended.err())
          .as(command[1])
          .contains("treepo: stdout: whoever read it has stopped")
          .doesNotContain("Broken pipe");
    }
  }

  @Test
  void aSignalTellsHowToGoOn() throws Exception {
    TinyRuns runs = new TinyRuns(folder);
    runs.run("train", "run", "--set", "trainer.steps=1").ok();
    List<String> command = java(runs.arguments("train", "run"));
    command.addAll(List.of("--set", "trainer.steps=100000", "-q"));
    Path err = folder.resolve("err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(folder.resolve("out").toFile())
            .redirectError(err.toFile())
            .start();
    try {
      while (process.isAlive() && !Files.exists(runs.checkpoint("run-2", 2))) {
        Thread.sleep(50);
      }
      process.destroy(); // SIGTERM
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).isEqualTo(143);
    assertThat(Files.readString(err))
        .contains(
            "treepo: stopped by a signal; go on from the newest checkpoint with: ./treepo train ")
        .contains("--set trainer.steps=100000 -q --resume --set output=" + folder.resolve("run-2"));
  }

  private record Ended(int exitCode, String err) {}

  private Ended shell(String script, String... arguments) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(SHELL), "needs " + SHELL);
    List<String> command = new ArrayList<>(List.of(SHELL.toString(), "-c", script, "bash"));
    command.addAll(java(arguments));
    Path err = folder.resolve("err");
    int code =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(err.toFile())
            .start()
            .waitFor();
    return new Ended(code, Files.readString(err));
  }

  private static List<String> java(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:-UsePerfData",
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(List.of(arguments));
    return command;
  }
}
