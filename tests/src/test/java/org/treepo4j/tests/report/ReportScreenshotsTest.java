package org.treepo4j.tests.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.report.RunReport;
import org.treepo4j.testsupport.SampleRun;

/**
 * Writes the pictures of the documents, on request only: {@code mvn verify -pl tests -am
 * -Dtest=ReportScreenshotsTest -Dtreepo.screenshots=docs/images}, with {@code
 * -Dtreepo.screenshots.run=RUN_DIR} for a real run, {@code …other=RUN_DIR} for one to compare with
 * and {@code …view=trees?step=60&prompt=1} for the tree to show.
 */
@EnabledIfSystemProperty(named = "treepo.screenshots", matches = ".+")
class ReportScreenshotsTest {
  private static final String VIEW =
      System.getProperty("treepo.screenshots.view", "trees?step=55&prompt=2");

  @TempDir Path folder;

  @Test
  void writesThem() throws IOException {
    Path images =
        Path.of(System.getProperty("treepo.root", ".."))
            .resolve(System.getProperty("treepo.screenshots"));
    Path run = named("run").orElseGet(() -> sample("chain-sums", 120, 1, 7));
    Path other = named("other").orElseGet(() -> sample("half-the-rate", 120, 0.7, 11));
    Path one = RunReport.write(run, Optional.empty(), folder.resolve("one.html")).html();
    Path two = RunReport.write(run, Optional.of(other), folder.resolve("two.html")).html();
    try (Browser browser = Browser.start()) {
      for (String scheme : new String[] {"light", "dark"}) {
        browser.prefer(scheme);
        browser.size(1440, 900);
        picture(browser, one, VIEW, images.resolve("tree-" + scheme + ".png"));
        picture(browser, one, "overview", images.resolve("curves-" + scheme + ".png"));
      }
      browser.prefer("light");
      picture(browser, two, "overview", images.resolve("compare-curves.png"));
      browser.size(390, 844);
      picture(browser, one, VIEW, images.resolve("tree-phone.png"));
    }
  }

  private static void picture(Browser browser, Path page, String view, Path png)
      throws IOException {
    browser.open(page, view);
    browser.screenshot(png);
  }

  private static Optional<Path> named(String which) {
    return Optional.ofNullable(System.getProperty("treepo.screenshots." + which))
        .map(Path::of)
        .filter(Files::isDirectory);
  }

  private Path sample(String name, int steps, double speed, long seed) {
    try {
      return SampleRun.write(folder.resolve(name), steps, 4, speed, seed);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
