package org.treepo4j.tests.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A command in a process of its own, as the launcher starts it. */
final class Child {
  private Child() {}

  /**
   * Starts it.
   *
   * @param limit for the shell to run before, {@code ulimit -n 40}; empty for none
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
}
