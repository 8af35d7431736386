package org.treepo4j.base.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AppendedFileTest {
  @TempDir Path folder;

  @Test
  void recordsAreThereWhenAppendReturns() throws IOException {
    Path file = folder.resolve("sub/lines");
    try (AppendedFile lines = AppendedFile.open(file)) {
      lines.append("one\n");
      assertThat(file).hasContent("one\n");
      lines.append("two\n");
      assertThat(file).hasContent("one\ntwo\n");
    }
    try (AppendedFile lines = AppendedFile.open(file)) {
      lines.append("three\n");
    }
    assertThat(file).hasContent("one\ntwo\nthree\n");
  }

  @Test
  void aTornRecordCanBeRemovedBeforeGoingOn() throws IOException {
    Path file = folder.resolve("lines");
    Files.writeString(file, "one\ntw");
    try (AppendedFile lines = AppendedFile.open(file)) {
      lines.truncate(4);
      lines.append("two\n");
    }
    assertThat(file).hasContent("one\ntwo\n");
  }

  /** The shell's limit of file size stands for a full disk: the system call fails the same way. */
  @Test
  void anAppendThatFailsLeavesNothingBehind() throws Exception {
    Path shell = Path.of("/bin/bash");
    assumeTrue(Files.isExecutable(shell), "needs " + shell);
    Path file = folder.resolve("lines");
    Process process =
        new ProcessBuilder(
                shell.toString(),
                "-c",
                "ulimit -f 8 && exec \"$@\"",
                "bash",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData",
                "-Xshare:auto",
                "-cp",
                System.getProperty("java.class.path"),
                Filling.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output.strip()).isEqualTo(file + ": File too large");
    assertThat(Files.readString(file)).isEqualTo("short\n");
  }

  /** Appends a record that fits and one that does not. */
  static final class Filling {
    public static void main(String[] arguments) throws IOException {
      try (AppendedFile lines = AppendedFile.open(Path.of(arguments[0]))) {
        lines.append("short\n");
        lines.append("long ".repeat(10_000));
      } catch (IOException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void aFileThatIsMovedAwayIsTold() throws IOException {
    Path file = folder.resolve("run/log");
    try (AppendedFile appended = AppendedFile.open(file)) {
      appended.append("one\n");
      Files.move(folder.resolve("run"), folder.resolve("elsewhere"));
      assertThatThrownBy(() -> appended.append("two\n"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("moved or deleted");
    }
    assertThat(folder.resolve("elsewhere/log")).hasContent("one");
  }

  @Test
  void foldersAreRefused() {
    assertThatThrownBy(() -> AppendedFile.open(folder)).hasMessage(folder + ": is a folder");
  }
}
