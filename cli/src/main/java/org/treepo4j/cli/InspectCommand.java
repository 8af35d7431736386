package org.treepo4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.treepo4j.base.InputException;
import org.treepo4j.report.PromptReport;
import org.treepo4j.report.ReportServer;
import org.treepo4j.report.RunReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description =
        "Writes one self-contained HTML file about a run: curves, trees, segments, advantages. With"
            + " --prompt or --estimators, prints one prompt instead: its recorded trees from step to"
            + " step, its tokens in an update, its advantages by other estimators.")
final class InspectCommand implements Callable<Integer> {
  private static final int MAX_PORT = 65_535;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "RUN_DIR", description = "Folder of a run of ./treepo train.")
  private Path run;

  @Option(names = "--compare", paramLabel = "RUN_DIR", description = "A second run beside it.")
  private Path other;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The HTML file; RUN_DIR/report.html when absent.")
  private Path html;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description =
          "Text or id of a prompt to follow; empty for the one that was recorded at most steps.")
  private String prompt;

  @Option(
      names = "--estimators",
      split = ",",
      paramLabel = "NAME",
      description = "Estimators to compare on the last recorded tree of the prompt.")
  private List<String> estimators = new ArrayList<>();

  @Option(names = "--serve", description = "Follow a live run on localhost instead.")
  private boolean serve;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Port of --serve; default ${DEFAULT-VALUE}, 0 for any free one.")
  private int port = 8650;

  @Override
  public Integer call() throws Exception {
    if (port < 0 || port > MAX_PORT) {
      throw new InputException("--port must be from 0 to " + MAX_PORT + ", was " + port);
    }
    if (serve) {
      try (ReportServer server = ReportServer.start(run, Optional.ofNullable(other), port)) {
        spec.commandLine().getOut().println(server.address());
        spec.commandLine().getOut().flush();
        new CountDownLatch(1).await(); // until the user stops it
      }
    }
    if (prompt != null || !estimators.isEmpty()) {
      PrintWriter out = spec.commandLine().getOut();
      PromptReport.print(run, prompt == null ? "" : prompt, estimators, out);
      out.flush();
      return 0;
    }
    Path target = html == null ? run.resolve("report.html") : html;
    RunReport report = RunReport.write(run, Optional.ofNullable(other), target);
    report.notices().forEach(spec.commandLine().getErr()::println);
    spec.commandLine().getOut().println(report.html());
    return 0;
  }
}
