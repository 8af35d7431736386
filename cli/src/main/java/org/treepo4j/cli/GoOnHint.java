package org.treepo4j.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Tells, when a signal ends the process, how to go on. It says nothing where the command ends by
 * itself.
 */
final class GoOnHint implements AutoCloseable {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:=,@%+-]+");

  private final Thread hook;

  private GoOnHint(PrintWriter err, Supplier<String> hint) {
    this.hook =
        new Thread(
            () -> {
              err.println();
              err.println("treepo: stopped by a signal; " + hint.get());
              err.flush();
            },
            "how to go on");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Of a training run, whose newest checkpoint stays; in whatever folder it is. */
  static GoOnHint ofRun(CommandSpec spec, RunConsole console) {
    return new GoOnHint(
        spec.commandLine().getErr(),
        () -> {
          List<String> words = words(spec);
          if (!words.contains("--resume")) {
            words.add("--resume");
          }
          console
              .elsewhere()
              .ifPresent(folder -> words.addAll(List.of("--set", quoted("output=" + folder))));
          return "go on from the newest checkpoint with: " + String.join(" ", words);
        });
  }

  /** Of an evaluation. */
  static GoOnHint ofEvaluation(CommandSpec spec, boolean kept) {
    return new GoOnHint(
        spec.commandLine().getErr(),
        () ->
            kept
                ? "what is sampled stays; go on with: " + String.join(" ", words(spec))
                : "nothing is kept; with --out FILE an evaluation can go on");
  }

  private static List<String> words(CommandSpec spec) {
    List<String> words = new ArrayList<>(List.of("./treepo"));
    for (String word : spec.root().commandLine().getParseResult().originalArgs()) {
      words.add(quoted(word));
    }
    return words;
  }

  private static String quoted(String word) {
    return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending, and the hint is on its way.
    }
  }
}
