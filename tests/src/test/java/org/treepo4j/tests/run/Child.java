package org.treepo4j.tests.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A command in a process of its own, as the launcher starts it. */
final class Child {
  private Child() {}

  /**
   * Starts it.
   *
   * @param limit for the shell to run before, {@code ulimit -n 40}; empty for none. The command is
   *     its positional parameters
   * @param main class to run
   * @param log where stdout and stderr go
   */
  static Process start(String limit, Class<?> main, Path log, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    if (!limit.isEmpty()) {
      command.addAll(List.of("/bin/bash", "-c", limit + " && exec \"$@\"", "bash"));
    }
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-XX:-UsePerfData",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1", // is there sooner, and computes the same
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName()));
    command.addAll(arguments);
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  /** Runs a line of the shell and returns its exit status. */
  static int shell(String command) throws Exception {
    return new ProcessBuilder("/bin/bash", "-c", command + " >/dev/null 2>&1").start().waitFor();
  }

  static String lastLine(Path log) throws IOException {
    return Files.readAllLines(log).stream().reduce((first, second) -> second).orElse("");
  }
}
