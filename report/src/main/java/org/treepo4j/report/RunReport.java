package org.treepo4j.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.treepo4j.base.files.WholeFile;

/**
 * A run as one HTML file that needs nothing else: learning curves, the sampled trees with their
 * advantages spelled out, and the comparison with a second run.
 *
 * @param html the file written
 * @param bytes its size, below 5 MB; metrics and trees of a long run are sampled
 * @param notices what was left out or could not be read, one line each; the page says it too
 */
public record RunReport(Path html, long bytes, List<String> notices) {

  public RunReport {
    notices = List.copyOf(notices);
  }

  /**
   * Writes the report of a run.
   *
   * @param runDir the directory that training wrote
   * @param otherRun a second run to compare with
   * @param html the file to write; a whole file or none, an older one is replaced
   * @throws ReportException if a directory holds no run
   */
  public static RunReport write(Path runDir, Optional<Path> otherRun, Path html)
      throws IOException {
    List<RunDirectory> runs = new ArrayList<>();
    runs.add(RunDirectory.open(runDir));
    if (otherRun.isPresent()) {
      runs.add(RunDirectory.open(otherRun.get()));
    }
    Notices notices = new Notices();
    byte[] data = ReportData.embedded(ReportData.of(runs, notices));
    byte[] page = Page.of(title(runs), data, false);
    WholeFile.write(html, page);
    return new RunReport(html, page.length, notices.toList());
  }

  static String title(List<RunDirectory> runs) {
    return String.join(" · ", runs.stream().map(RunDirectory::name).toList()) + " · TreePO4J";
  }
}
