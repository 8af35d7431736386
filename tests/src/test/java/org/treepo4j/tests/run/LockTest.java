package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.base.files.ProcessLock;
import org.treepo4j.cli.Main;

/** Two commands never write to one run's folder, or to one file of samples, at the same time. */
class LockTest {
  @TempDir Path folder;
  private TinyRuns runs;

  @BeforeEach
  void prepare() throws IOException {
    runs = new TinyRuns(folder);
  }

  @Test
  void aRunThatIsGoingOnIsNotResumedAndANewOneTakesTheNextName() throws Exception {
    Path log = folder.resolve("log");
    Process process = start(log, runs.arguments("train", "run"), "--set", "trainer.steps=100000");
    try {
      while (process.isAlive() && !Files.exists(folder.resolve("run/metrics.jsonl"))) {
        Thread.sleep(5);
      }
      assertThat(process.isAlive()).as(Files.readString(log)).isTrue();

      TinyRuns.Result resumed = runs.run("train", "run", "--resume");
      assertThat(resumed.exitCode()).isEqualTo(2);
      assertThat(resumed.err())
          .contains(
              folder.resolve("run") + ": is being written by process " + process.pid() + "\n");

      TinyRuns.Result second = runs.run("train", "run", "--set", "trainer.steps=1").ok();
      assertThat(second.json().get("run").asText()).isEqualTo(folder.resolve("run-2").toString());
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertThat(runs.run("train", "run-2", "--resume", "--set", "trainer.steps=1").err())
        .doesNotContain("is being written");
  }

  @Test
  void aRunThatWasStoppedIsResumedAlthoughAnotherWentBesideIt() throws IOException {
    String[] once = {"--set", "trainer.steps=1"};
    runs.run("train", "run", once).ok();
    Files.delete(folder.resolve("run/summary.json")); // as if it had been stopped behind step 1
    runs.run("train", "run", once).ok();
    assertThat(resumed("run")).contains("going on from " + folder.resolve("run/checkpoints"));
    // It has ended now, so the name means the newest.
    assertThat(resumed("run")).contains("going on from " + folder.resolve("run-2/checkpoints"));
    assertThat(resumed("run-2")).contains("going on from " + folder.resolve("run-2/checkpoints"));
  }

  private String resumed(String run) {
    return runs.run("train", run, "--resume", "--set", "trainer.steps=1").ok().err();
  }

  @Test
  void aRunThatHasWrittenNothingYetHoldsItsFolderAlready() throws IOException {
    Path run = Files.createDirectories(folder.resolve("run"));
    try (ProcessLock held = ProcessLock.ofFolder(run)) {
      assertThat(held).isNotNull();
      for (String command : List.of("train", "sft", "pretrain")) {
        TinyRuns.Result resumed = runs.run(command, "run", "--resume");
        assertThat(resumed.exitCode()).isEqualTo(2);
        assertThat(resumed.err()).contains(run + ": is being written by process");
      }
      TinyRuns.Result fresh = runs.run("sft", "run").ok();
      assertThat(fresh.json().get("run").asText()).isEqualTo(folder.resolve("run-2").toString());
    }
    // Released, it is free again.
    TinyRuns.Result fresh = runs.run("sft", "run").ok();
    assertThat(fresh.json().get("run").asText()).isEqualTo(run.toString());
  }

  @Test
  void runsStartedAtOnceGoToFoldersOfTheirOwn() throws Exception {
    List<CompletableFuture<TinyRuns.Result>> started = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      started.add(CompletableFuture.supplyAsync(() -> runs.run("sft", "run")));
    }
    List<String> folders = new ArrayList<>();
    for (CompletableFuture<TinyRuns.Result> one : started) {
      TinyRuns.Result result = one.get().ok();
      folders.add(result.json().get("run").asText());
      Path metrics = Path.of(result.json().get("run").asText(), "metrics.jsonl");
      assertThat(Files.readAllLines(metrics)).hasSize(result.json().get("steps").asInt());
    }
    assertThat(folders).doesNotHaveDuplicates();
  }

  @Test
  void aFileOfSamplesIsHeldWhileItIsWritten() throws IOException {
    Path out = folder.resolve("samples.jsonl");
    String[] eval = {
      "eval",
      "--model",
      runs.path("model").toString(),
      "--data",
      runs.path("tasks.jsonl").toString(),
      "--set",
      "rollout.maxResponseTokens=12",
      "--out",
      out.toString()
    };
    try (ProcessLock held = ProcessLock.ofFile(out)) {
      assertThat(held).isNotNull();
      TinyRuns.Result result = TinyRuns.cli(eval);
      assertThat(result.exitCode()).isEqualTo(2);
      assertThat(result.err())
          .contains(out + ": is being written by process " + ProcessHandle.current().pid());
      assertThat(out).doesNotExist();
    }
    TinyRuns.cli(eval).ok();
  }

  private static Process start(Path log, String[] arguments, String... more) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(List.of(arguments));
    command.addAll(List.of(more));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }
}
