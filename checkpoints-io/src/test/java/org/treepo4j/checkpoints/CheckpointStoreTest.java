package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {
  @TempDir Path temporary;

  private final List<String> messages = new ArrayList<>();
  private Path folder;
  private CheckpointStore store;

  @BeforeEach
  void openStore() {
    folder = temporary.resolve("run/checkpoints");
    store = new CheckpointStore(folder, 2, messages::add);
  }

  @Test
  void anEmptyStoreHasNoCheckpoint() throws IOException {
    assertThat(store.latestComplete()).isEmpty();
    assertThat(store.best()).isEmpty();
    assertThat(folder).doesNotExist();
  }

  @Test
  void keepsTheLastOnesAndTheBest() throws IOException {
    for (int step = 10; step <= 60; step += 10) {
      write(step, step == 20 || step == 30);
    }
    assertThat(names()).containsExactly("step-000030", "step-000050", "step-000060");
    assertThat(store.latestComplete().orElseThrow().step()).isEqualTo(60);
    assertThat(store.best().orElseThrow().step()).isEqualTo(30);
    assertThat(folder.resolve("step-000060/optimizer/state")).hasContent("state of 60");
    assertThat(messages).isEmpty();
  }

  @Test
  void passesOverTornCheckpointsAndSaysWhy() throws IOException {
    write(1, false);
    Path target = folder.resolve("step-000002");
    write(2, false);
    Path trainer = target.resolve("trainer.json");
    Files.writeString(trainer, "flipped", StandardOpenOption.TRUNCATE_EXISTING);
    assertTorn("has 7 bytes, the manifest says 8");
    Files.writeString(trainer, "Step = 2", StandardOpenOption.TRUNCATE_EXISTING);
    assertTorn("differs from the checksum");
    Files.delete(trainer);
    assertTorn("no such file");
    Files.writeString(trainer, "step = 2");
    assertThat(store.latestComplete().orElseThrow().step()).isEqualTo(2);
    Path manifest = target.resolve("manifest.json");
    Files.writeString(manifest, Files.readString(manifest).replace("trainer.json", "../../x"));
    assertTorn("a file inside the checkpoint");
    Files.delete(manifest);
    assertTorn("manifest.json: no such file");

    write(2, false);
    assertThat(messages).last().asString().startsWith("replacing a torn checkpoint");
    assertThat(store.latestComplete().orElseThrow().step()).isEqualTo(2);
  }

  @Test
  void tornCheckpointsDoNotPushOutCompleteOnes() throws IOException {
    write(1, false);
    write(2, false);
    Files.delete(folder.resolve("step-000002/manifest.json"));
    write(3, false);
    assertThat(names()).containsExactly("step-000001", "step-000002", "step-000003");
    write(4, false);
    assertThat(names()).containsExactly("step-000003", "step-000004");
  }

  @Test
  void aCompleteCheckpointIsNeverOverwritten() throws IOException {
    write(1, false);
    assertThatThrownBy(() -> write(1, false)).hasMessageEndingWith("step-000001: exists already");
    assertThat(store.latestComplete().orElseThrow().step()).isEqualTo(1);
  }

  @Test
  void tellsOfUnfinishedOnesAndClearsThem() throws IOException {
    write(1, false);
    Files.createDirectory(folder.resolve(".step-000002.writing"));
    Files.writeString(folder.resolve(".step-000002.writing/x"), "x");
    Files.createDirectory(folder.resolve(".step-000000.deleting"));
    assertThat(store.latestComplete().orElseThrow().step()).isEqualTo(1);
    assertThat(messages)
        .hasSize(2)
        .allMatch(m -> m.startsWith("ignoring an unfinished checkpoint"));
    write(3, false);
    assertThat(names()).containsExactly("step-000001", "step-000003");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullDiskLosesNothing() throws IOException {
    write(1, true);
    assertThatThrownBy(
            () ->
                store.write(
                    2,
                    true,
                    aside -> {
                      Files.writeString(aside.resolve("weights"), "half of them");
                      Files.write(Path.of("/dev/full"), new byte[] {1});
                    }))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(folder.resolve("step-000002") + ": cannot be written: No space left on device");
    assertThat(names()).containsExactly("step-000001");
    assertThat(store.best().orElseThrow().step()).isEqualTo(1);
    write(2, false);
    assertThat(store.latestComplete().orElseThrow().step()).isEqualTo(2);
  }

  @Test
  void aBugInTheContentLeavesNothingEither() throws IOException {
    write(1, false);
    assertThatThrownBy(
            () ->
                store.write(
                    2,
                    false,
                    aside -> {
                      Files.writeString(aside.resolve("weights"), "half of them");
                      throw new IllegalStateException("bug");
                    }))
        .isInstanceOf(IllegalStateException.class);
    assertThat(names()).containsExactly("step-000001");
  }

  private void assertTorn(String reason) throws IOException {
    messages.clear();
    assertThat(store.latestComplete().orElseThrow().step()).isEqualTo(1);
    assertThat(messages).singleElement().asString().contains("torn", "step-000002", reason);
  }

  private void write(long step, boolean best) throws IOException {
    store.write(
        step,
        best,
        aside -> {
          Files.writeString(aside.resolve("trainer.json"), "step = " + step);
          Files.createDirectory(aside.resolve("optimizer"));
          Files.writeString(aside.resolve("optimizer/state"), "state of " + step);
        });
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
