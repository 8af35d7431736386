package org.treepo4j.rl.reward;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

@DisabledOnOs(OS.WINDOWS)
class WatchdogTest {
  /** Hangs, as its child does, whatever becomes of its input. */
  private final Process program = start("sleep 1000 & echo $!; wait");

  @AfterEach
  void end() {
    program.descendants().forEach(ProcessHandle::destroyForcibly);
    program.destroyForcibly();
  }

  @Test
  void whatHangsEndsWithTheProcessThatStartedItAndSoDoItsChildren() throws Exception {
    ProcessHandle child = child();
    Watchdog watchdog = Watchdog.over(program).orElseThrow();
    watchdog.shell().getOutputStream().close(); // as the end of this JVM does
    assertThat(program.waitFor(1, TimeUnit.MINUTES)).isTrue();
    child.onExit().get(1, TimeUnit.MINUTES);
  }

  @Test
  void aWatchdogThatIsLetGoKillsNobody() throws Exception {
    ProcessHandle child = child();
    Watchdog watchdog = Watchdog.over(program).orElseThrow();
    watchdog.close();
    assertThat(watchdog.shell().waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(program.isAlive()).isTrue();
    assertThat(child.isAlive()).isTrue();
  }

  private ProcessHandle child() throws IOException {
    BufferedReader output = program.inputReader(StandardCharsets.US_ASCII);
    return ProcessHandle.of(Long.parseLong(output.readLine())).orElseThrow();
  }

  private static Process start(String script) {
    try {
      return new ProcessBuilder("sh", "-c", script).start();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
