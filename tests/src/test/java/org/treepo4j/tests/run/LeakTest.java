package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A command that fails closes the model it opened: the engine's threads show whether it did. */
class LeakTest {
  private static final int PATIENCE_MILLIS = 5000;

  @TempDir Path folder;
  private TinyRuns runs;
  private Set<Thread> before;

  @BeforeEach
  void prepare() throws IOException {
    runs = new TinyRuns(folder);
    before = engineThreads();
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "sft", "pretrain"})
  void settingsThatCannotBeWritten(String command) throws Exception {
    // A folder with content is where the file should be.
    Files.createDirectories(folder.resolve("run/settings.yaml/in-the-way"));
    TinyRuns.Result result = runs.run(command, "run");
    assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
    assertThat(result.err()).contains("settings.yaml");
    assertNoneLeft();
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "sft"})
  void adaptersThatCannotBeRestored(String command) throws Exception {
    runs.run(command, "run", "--set", "lora.rank=2").ok();
    Files.delete(folder.resolve("run/settings.yaml"));
    assertNoneLeft();
    TinyRuns.Result result = runs.run(command, "run", "--resume", "--set", "lora.rank=3");
    assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
    assertThat(result.err()).contains("adapter must have rank 3");
    assertNoneLeft();
  }

  @Test
  void aReferenceThatCannotBeOpened() throws Exception {
    runs.run("train", "run", "--set", "trainer.steps=2").ok();
    Files.writeString(folder.resolve("model/model.safetensors"), "torn");
    TinyRuns.Result result = runs.run("train", "run", "--resume", "--set", "trainer.steps=3");
    assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
    assertNoneLeft();
  }

  private void assertNoneLeft() throws InterruptedException {
    Set<Thread> left = engineThreads();
    left.removeAll(before);
    for (Thread thread : left) {
      thread.join(PATIENCE_MILLIS);
    }
    assertThat(left).noneMatch(Thread::isAlive);
  }

  private static Set<Thread> engineThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getClass().getName().startsWith("org.treepo4j.engines.vector."))
        .collect(Collectors.toSet());
  }
}
