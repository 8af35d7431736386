package org.treepo4j.engines.cuda;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** Runs tests without Maven: under AddressSanitizer, or where only a GPU and a JVM are. */
final class TestRun {
  private TestRun() {}

  /**
   * @param arguments names of packages or test classes, and of files that end in {@code .json},
   *     which receive how many tests there were and went well
   */
  public static void main(String[] arguments) throws IOException {
    LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request();
    for (String name : arguments) {
      if (!name.endsWith(".json")) {
        boolean type = Character.isUpperCase(name.charAt(name.lastIndexOf('.') + 1));
        request.selectors(type ? selectClass(name) : selectPackage(name));
      }
    }
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create().execute(request.build(), listener);
    TestExecutionSummary summary = listener.getSummary();
    summary.printFailuresTo(new PrintWriter(System.out, true), 20);
    String json = json(summary);
    System.out.println(json);
    for (String name : arguments) {
      if (name.endsWith(".json")) {
        Files.writeString(Path.of(name), json + "\n");
      }
    }
    System.exit(
        summary.getTotalFailureCount() == 0 && summary.getTestsSucceededCount() > 0 ? 0 : 1);
  }

  private static String json(TestExecutionSummary summary) {
    return String.format(
        Locale.ROOT,
        "{\"name\": \"tests\", \"found\": %d, \"succeeded\": %d, \"failed\": %d, \"skipped\": %d,"
            + " \"seconds\": %.1f}",
        summary.getTestsFoundCount(),
        summary.getTestsSucceededCount(),
        summary.getTotalFailureCount(),
        summary.getTestsSkippedCount() + summary.getTestsAbortedCount(),
        (summary.getTimeFinished() - summary.getTimeStarted()) / 1e3);
  }
}
