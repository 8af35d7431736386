package org.treepo4j.cli;

import picocli.CommandLine.Option;

/** How much a command tells; the same for all commands. */
final class OutputOptions {
  @Option(
      names = {"-q", "--quiet"},
      description = "No progress; results and errors only.")
  private boolean quiet;

  @Option(
      names = {"-v", "--verbose"},
      description = "More of what happens.")
  private boolean verbose;

  @Option(names = "--debug", description = "Stack traces with errors.")
  private boolean debug;

  boolean quiet() {
    return quiet;
  }

  boolean verbose() {
    return verbose || debug;
  }

  boolean debug() {
    return debug;
  }
}
