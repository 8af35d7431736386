package org.treepo4j.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/** Entry point of {@code ./treepo}. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  /** Runs one command and returns its exit code: 0 done, 1 failed, 2 bad input. */
  static int run(String... arguments) {
    return run(utf8(FileDescriptor.out), utf8(FileDescriptor.err), arguments);
  }

  /**
   * Runs one command inside another program.
   *
   * @param out where results go
   * @param err where progress and errors go
   * @return its exit code: 0 done, 1 failed, 2 bad input
   */
  public static int run(PrintWriter out, PrintWriter err, String... arguments) {
    TreepoCommand treepo = new TreepoCommand();
    CommandLine commandLine = new CommandLine(treepo);
    TreepoCommand.addCommands(commandLine, arguments);
    commandLine.setOut(out);
    commandLine.setErr(err);
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    ErrorReporting errors = new ErrorReporting(treepo.output());
    commandLine.setParameterExceptionHandler(errors);
    commandLine.setExecutionExceptionHandler(errors);
    commandLine.setExecutionStrategy(
        parsed -> {
          setLogLevel(treepo.output().verbose() ? "info" : "warn");
          return new CommandLine.RunLast().execute(parsed);
        });
    try {
      return commandLine.execute(arguments);
    } catch (OutOfMemoryError e) {
      err.println(
          "treepo: out of memory (%s; the heap may take %d MB): give Java more with"
                  .formatted(e.getMessage(), Runtime.getRuntime().maxMemory() >> 20)
              + " TREEPO_JAVA_OPTS=-Xmx…, or lower microBatchTokens or rollout.maxBatchPaths");
      err.flush();
      return ErrorReporting.FAILED;
    }
  }

  /** What libraries log goes to stderr; properties of the user win. */
  private static void setLogLevel(String level) {
    for (String logger : new String[] {"defaultLogLevel", "log.org.nd4j"}) {
      String property = "org.slf4j.simpleLogger." + logger;
      if (System.getProperty(property) == null) {
        System.setProperty(property, level);
      }
    }
  }

  /** Text is UTF-8 whatever the locale says. */
  private static PrintWriter utf8(FileDescriptor descriptor) {
    return new PrintWriter(
        new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8), true);
  }
}
