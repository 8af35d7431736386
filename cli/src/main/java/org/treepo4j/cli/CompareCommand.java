package org.treepo4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.treepo4j.base.InputException;
import org.treepo4j.report.comparison.FinishedRun;
import org.treepo4j.report.comparison.RunComparison;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    description = "Writes a page that compares finished training runs: a table and curves.")
final class CompareCommand implements Callable<Integer> {
  private static final int MAX_NAMES = 7;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "NAME=RUN_DIR",
      description = "A run and what it is called; several of one name are its seeds.")
  private List<String> named = new ArrayList<>();

  @Option(names = "--out", required = true, paramLabel = "FILE.md", description = "The page.")
  private Path out;

  @Option(names = "--title", paramLabel = "TEXT", description = "Title of the page.")
  private String title = "Runs side by side";

  @Option(names = "--note", paramLabel = "TEXT", description = "A paragraph; may be repeated.")
  private List<String> notes = new ArrayList<>();

  @Option(
      names = "--baseline",
      paramLabel = "NAME",
      description =
          "One of the names: adds what the others spend until 90 percent of its final accuracy, and"
              + " their differences to it with 95 percent intervals. Give every name its seeds in"
              + " the same order.")
  private String baseline;

  @Option(
      names = "--timing",
      arity = "2",
      paramLabel = "RUN_DIR",
      description = "Two runs: trained as trees, and with trainer.treeTraining=false.")
  private List<Path> timing = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    Map<String, List<FinishedRun>> runs = new LinkedHashMap<>();
    for (String one : named) {
      int equals = one.indexOf('=');
      if (equals <= 0 || equals == one.length() - 1) {
        throw new InputException("expected NAME=RUN_DIR, was " + one);
      }
      runs.computeIfAbsent(one.substring(0, equals), name -> new ArrayList<>())
          .add(FinishedRun.read(Path.of(one.substring(equals + 1))));
    }
    if (runs.size() > MAX_NAMES) {
      throw new InputException("expected at most " + MAX_NAMES + " names, were " + runs.size());
    }
    Optional<RunComparison.Timing> timed = Optional.empty();
    if (!timing.isEmpty()) {
      timed =
          Optional.of(
              new RunComparison.Timing(
                  FinishedRun.read(timing.get(0)), FinishedRun.read(timing.get(1))));
    }
    if (baseline != null && !runs.containsKey(baseline)) {
      throw new InputException(
          "--baseline must be one of " + String.join(", ", runs.keySet()) + ", was " + baseline);
    }
    new RunComparison(title, notes, runs, Optional.ofNullable(baseline), timed).write(out);
    spec.commandLine().getOut().println(out);
    return 0;
  }
}
