package org.treepo4j.base.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ProcessLockTest {
  @TempDir Path folder;

  @Test
  void insideOneProcessTheSecondIsRefusedUntilTheFirstIsDone() throws IOException {
    try (ProcessLock first = ProcessLock.ofFolder(folder)) {
      assertThat(first).isNotNull();
      assertThatThrownBy(() -> ProcessLock.ofFolder(folder))
          .isInstanceOf(ProcessLock.HeldException.class)
          .hasMessage(
              "%s: is being written by process %d (this one)"
                  .formatted(folder, ProcessHandle.current().pid()));
      // The refusal has not released what is held.
      assertThatThrownBy(() -> ProcessLock.ofFolder(folder))
          .isInstanceOf(ProcessLock.HeldException.class);
    }
    ProcessLock.ofFolder(folder).close();
  }

  @Test
  void anotherProcessIsNamedAndADeadOneHoldsNothing() throws Exception {
    Path file = folder.resolve("samples.jsonl");
    Process other = locking(file);
    try {
      assertThatThrownBy(() -> ProcessLock.ofFile(file))
          .isInstanceOf(ProcessLock.HeldException.class)
          .hasMessage(file + ": is being written by process " + other.pid());
    } finally {
      other.destroyForcibly().waitFor();
    }
    try (ProcessLock ours = ProcessLock.ofFile(file)) {
      assertThat(ours).isNotNull();
      Process second = locking(file);
      assertThat(second.waitFor()).isEqualTo(3);
      // Still held after the refusal of another and of one of our own.
      assertThatThrownBy(() -> ProcessLock.ofFile(file)).isInstanceOf(IOException.class);
      assertThat(locking(file).waitFor()).isEqualTo(3);
    }
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aLinkIsTheFileItLeadsTo() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("file"));
    Path inner = Files.createDirectory(folder.resolve("inner"));
    Path toInner = Files.createSymbolicLink(folder.resolve("to-inner"), inner);
    try (ProcessLock file = ProcessLock.ofFile(folder.resolve("file"));
        ProcessLock run = ProcessLock.ofFolder(inner)) {
      assertThat(file).isNotNull();
      assertThat(run).isNotNull();
      assertThatThrownBy(() -> ProcessLock.ofFile(link))
          .hasMessageStartingWith(link + ": is being");
      assertThatThrownBy(() -> ProcessLock.ofFolder(toInner))
          .hasMessageStartingWith(toInner + ": is being");
    }
  }

  /** Starts a process that locks a file and waits; it says so, or ends with 3. */
  private static Process locking(Path file) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Locking.class.getName(),
                file.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    new BufferedReader(new InputStreamReader(process.getInputStream())).readLine();
    return process;
  }

  /** Locks a file until it is killed. */
  static final class Locking {
    public static void main(String[] arguments) throws Exception {
      try (ProcessLock lock = ProcessLock.ofFile(Path.of(arguments[0]))) {
        System.out.println("locked " + lock);
        Thread.sleep(Long.MAX_VALUE);
      } catch (ProcessLock.HeldException e) {
        System.exit(3);
      }
    }
  }
}
