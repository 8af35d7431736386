package org.treepo4j.cli;

import picocli.CommandLine;

/** Entry point of {@code ./treepo}. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  /** Runs one command and returns its exit code: 0 done, 1 failed, 2 bad input. */
  static int run(String... arguments) {
    CommandLine commandLine = new CommandLine(new TreepoCommand());
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setParameterExceptionHandler(new ErrorReporting());
    commandLine.setExecutionExceptionHandler(new ErrorReporting());
    return commandLine.execute(arguments);
  }
}
