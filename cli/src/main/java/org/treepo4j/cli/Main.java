package org.treepo4j.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.treepo4j.base.Printable;
import picocli.CommandLine;

/** Entry point of {@code ./treepo}. */
public final class Main {
  /** What Java makes of bytes of the command line that its locale's encoding does not have. */
  private static final char UNREADABLE = '\uFFFD';

  private Main() {}

  public static void main(String[] arguments) {
    Locale.setDefault(Locale.ROOT); // digits in files and results are those of JSON everywhere
    System.exit(run(arguments));
  }

  /** Runs one command and returns its exit code: 0 done, 1 failed, 2 bad input. */
  static int run(String... arguments) {
    PrintWriter err = utf8(new FileOutputStream(FileDescriptor.err));
    for (String argument : arguments) {
      if (argument.indexOf(UNREADABLE) >= 0) {
        err.println(
            "treepo: argument \"%s\" is not text in this locale's encoding, %s: set LC_ALL to a UTF-8 locale such as C.UTF-8"
                .formatted(Printable.of(argument), System.getProperty("sun.jnu.encoding")));
        return ErrorReporting.BAD_INPUT;
      }
    }
    PrintWriter out = utf8(ResultStream.standardOutput());
    int code = run(out, err, arguments);
    try {
      out.flush();
    } catch (ResultStream.OutputException e) {
      return code == 0 ? failed(err, e) : code;
    }
    return code;
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
          try {
            return new CommandLine.RunLast().execute(parsed);
          } catch (ResultStream.OutputException e) { // of a help text
            return failed(err, e);
          }
        });
    try {
      return commandLine.execute(arguments);
    } catch (ResultStream.OutputException e) {
      return failed(err, e);
    } catch (StackOverflowError e) {
      err.println("treepo: the input is nested too deeply");
      err.flush();
      return ErrorReporting.FAILED;
    } catch (OutOfMemoryError e) {
      err.println(
          "treepo: out of memory (%s; the heap may take %d MB): give Java more with"
                  .formatted(e.getMessage(), Runtime.getRuntime().maxMemory() >> 20)
              + " TREEPO_JAVA_OPTS=-Xmx…, or lower microBatchTokens or rollout.maxBatchPaths");
      err.flush();
      return ErrorReporting.FAILED;
    }
  }

  private static int failed(PrintWriter err, ResultStream.OutputException e) {
    err.println("treepo: " + e.getMessage());
    err.flush();
    return ErrorReporting.FAILED;
  }

  /** What libraries log goes to stderr; properties of the user win. */
  private static void setLogLevel(String level) {
    setUnlessSet("defaultLogLevel", level);
    setUnlessSet("log.org.nd4j", level);
    setUnlessSet("log.org.apache.parquet", "error"); // it advises whoever wrote a file
    setUnlessSet("showThreadName", "false");
    setUnlessSet("showLogName", "false");
  }

  private static void setUnlessSet(String name, String value) {
    String property = "org.slf4j.simpleLogger." + name;
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /** Text is UTF-8 whatever the locale says. */
  private static PrintWriter utf8(OutputStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
  }
}
