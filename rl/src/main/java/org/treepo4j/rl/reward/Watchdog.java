package org.treepo4j.rl.reward;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.util.Optional;

/**
 * Kills a program and what it started once this JVM is gone, also where that was killed or crashed
 * and could do so no more: a shell whose input ends then.
 *
 * @param shell waits for a line, which says that all is well
 */
record Watchdog(Process shell) implements AutoCloseable {
  /** Children first, as far as there is a {@code ps} to find them; signals to us are not for it. */
  private static final String SCRIPT =
      """
      trap '' HUP INT TERM
      read -r line && exit
      end() {
        for child in $(ps -A -o pid=,ppid= | awk -v parent="$1" '$2 == parent { print $1 }'); do
          end "$child"
        done
        kill -9 "$1"
      }
      end "$1"
      """;

  /** Watches over a program; where there is no shell, nobody does. */
  static Optional<Watchdog> over(Process program) {
    ProcessBuilder builder =
        new ProcessBuilder("sh", "-c", SCRIPT, "sh", String.valueOf(program.pid()))
            .redirectOutput(Redirect.DISCARD)
            .redirectError(Redirect.DISCARD);
    try {
      return Optional.of(new Watchdog(builder.start()));
    } catch (IOException noShell) {
      return Optional.empty();
    }
  }

  /** Lets it go: the program has ended or will be killed. */
  @Override
  public void close() {
    try (OutputStream line = shell.getOutputStream()) {
      line.write('\n');
    } catch (IOException gone) {
      // Somebody has killed it, and so it kills nobody.
    }
  }
}
