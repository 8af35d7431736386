package org.treepo4j.cli;

import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** How much a command tells; given before or after its name. */
final class OutputOptions {
  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      description = "No progress; results and errors only.")
  private boolean quiet;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "More of what happens.")
  private boolean verbose;

  @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Stack traces with errors.")
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
