package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.cli.Main;

/** Files and results are the same in every locale, also for programs that do not set one. */
class LocaleTest {
  private static final Locale OURS = Locale.getDefault();

  @TempDir Path folder;

  @AfterEach
  void goHome() {
    Locale.setDefault(OURS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fa-IR",
        "ar-EG-u-nu-arab",
        "bn-BD-u-nu-beng",
        "hi-IN-u-nu-deva",
        "th-TH-u-nu-thai",
        "tr-TR"
      })
  void namesAndNumbersAreThoseOfJson(String tag) throws IOException {
    TinyRuns runs = new TinyRuns(folder);
    Locale.setDefault(Locale.forLanguageTag(tag));
    String[] settings = {"--set", "trainer.steps=2", "--set", "trainer.treesKept=1"};
    runs.run("train", "run", settings).ok();
    String[] more = {"--set", "trainer.steps=4", "--set", "trainer.treesKept=1", "--resume"};
    assertThat(runs.run("train", "run", more).ok().err()).contains("step-000002");
    assertThat(folder.resolve("run/checkpoints/step-000004")).isDirectory();
    assertThat(folder.resolve("run/trees/step-000004.jsonl")).isRegularFile();
    for (Path file : files(folder.resolve("run"))) {
      assertThat(file.toString()).isASCII();
      if (file.toString().matches(".*\\.(json|jsonl|yaml)")) {
        assertThat(Files.readString(file, StandardCharsets.UTF_8)).as(file.toString()).isASCII();
      }
    }
    Path shards = folder.resolve("shards");
    TinyRuns.cli(
            "export",
            "--model",
            runs.path("model").toString(),
            "--out",
            shards.toString(),
            "--max-shard-gb",
            "0.000004")
        .ok();
    assertThat(shards.resolve("model.safetensors.index.json")).exists();
    TinyRuns.cli(
            "export", "--model", shards.toString(), "--out", folder.resolve("again").toString())
        .ok();
  }

  /** As a shell sets it: what the JVM reads before any class of ours is loaded. */
  @ParameterizedTest
  @ValueSource(strings = {"fa_IR.UTF-8", "tr_TR.UTF-8"})
  void aProcessUnderALocaleOfTheSystemWritesTheSame(String locale) throws Exception {
    assumeTrue(
        Child.shell("locale -a | grep -qix " + locale.replace("-", "")) == 0,
        "needs the locale " + locale + " (Debian: locale-gen)");
    TinyRuns runs = new TinyRuns(folder);
    List<String> settings = List.of("--set", "trainer.steps=2", "--set", "trainer.treesKept=1");
    List<String> arguments = new ArrayList<>(List.of(runs.arguments("train", "there")));
    arguments.addAll(settings);
    Path log = folder.resolve("log");
    int code = Child.start("export LC_ALL=" + locale, Main.class, log, arguments).waitFor();
    assertThat(code).as(Files.readString(log)).isZero();
    runs.run("train", "here", settings.toArray(String[]::new)).ok();
    runs.assertSameRuns("here", "there", 2);
    assertThat(names(runs.path("there"))).isEqualTo(names(runs.path("here")));
    String summary = Child.lastLine(log).replaceAll("\"seconds\":[0-9.]+,", "");
    assertThat(summary)
        .isASCII()
        .isEqualTo(
            Files.readString(runs.path("here/summary.json"))
                .strip()
                .replaceAll("\"seconds\":[0-9.]+,", "")
                .replace("/here", "/there"));
  }

  /** Of all files of a run; those for TensorBoard are named by the time. */
  private static List<String> names(Path run) throws IOException {
    return files(run).stream()
        .map(file -> run.relativize(file).toString().replaceAll("tfevents\\.[0-9]+", "tfevents"))
        .sorted()
        .toList();
  }

  @Test
  void resultsOfCommandsAreTheSame() throws IOException {
    TinyRuns runs = new TinyRuns(folder);
    String[][] commands = {
      {"data", runs.path("tasks.jsonl").toString()},
      {"tasks", "chain-sums", "--count", "5", "--seed", "3"},
      {"info", "--model", runs.path("model").toString()},
      {
        "eval",
        "-q",
        "--model",
        runs.path("model").toString(),
        "--data",
        runs.path("tasks.jsonl").toString(),
        "--set",
        "rollout.maxResponseTokens=4"
      },
      {"settings-reference"}
    };
    for (String[] command : commands) {
      Locale.setDefault(Locale.ROOT);
      String expected = TinyRuns.cli(command).out();
      Locale.setDefault(Locale.forLanguageTag("fa-IR"));
      assertThat(TinyRuns.cli(command).out()).as(command[0]).isEqualTo(expected).isNotBlank();
    }
  }

  private static List<Path> files(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      return paths.filter(Files::isRegularFile).toList();
    }
  }
}
