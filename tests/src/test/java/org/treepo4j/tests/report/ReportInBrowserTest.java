package org.treepo4j.tests.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;
import org.treepo4j.report.ReportServer;
import org.treepo4j.report.RunReport;
import org.treepo4j.testsupport.SampleRun;
import org.treepo4j.testsupport.SharedData;

/** The report in a real browser: what it shows is what the files say. */
class ReportInBrowserTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  @TempDir static Path folder;
  private static Path run;
  private static Path report;
  private static Browser browser;

  @BeforeAll
  static void start() throws IOException {
    browser = Browser.start();
    run = SampleRun.write(folder.resolve("chain-sums"), 30, 3, 1, 7);
    report = RunReport.write(run, Optional.empty(), folder.resolve("report.html")).html();
  }

  @AfterAll
  static void stop() throws IOException {
    if (browser != null) {
      browser.close();
    }
  }

  @AfterEach
  void nothingWentWrongAndNothingWasLoaded() {
    assertThat(browser.console()).isEmpty();
    assertThat(
            browser.run(
                "return performance.getEntriesByType('resource').map(entry => entry.name)"
                    + ".filter(name => !name.startsWith(location.origin) && !name.startsWith('data:'))"))
        .isEqualTo(List.of());
  }

  @Test
  void curvesShowTheLastNumbersOfTheMetricsFile() throws IOException {
    browser.open(report, "overview");

    List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
    JsonNode last = JSON.readTree(lines.get(lines.size() - 1));
    for (String name :
        List.of(
            "accuracy", "entropy", "kl", "sharing_ratio", "update_seconds", "finish_answered")) {
      assertThat(Browser.number(browser.text("b[data-metric=" + name + "]")))
          .as(name)
          .isCloseTo(last.path(name).asDouble(), within(6e-3 * last.path(name).asDouble() + 6e-5));
    }
    assertThat(browser.all(".plot canvas")).hasSize(browser.all("figure.chart").size());
  }

  @Test
  void pointingAtACurveShowsTheNumbersOfThatStep() throws IOException {
    browser.open(report, "overview");

    browser.moveTo(browser.find("[data-chart=entropy] .u-over"));

    String at = browser.text("[data-chart=entropy] .at");
    assertThat(at).matches("step 1[4-7]");
    assertThat(browser.text("[data-chart=kl] .at")).isEqualTo(at);
    int step = Integer.parseInt(at.substring(5));
    JsonNode line = JSON.readTree(Files.readAllLines(run.resolve("metrics.jsonl")).get(step - 1));
    assertThat(Browser.number(browser.text("b[data-metric=entropy]")))
        .isCloseTo(line.path("entropy").asDouble(), within(6e-5));
  }

  @Test
  void everyTrajectoryOfATreeHasItsAdvantageSpelledOut() throws IOException {
    for (int step : new int[] {1, 30}) {
      for (int prompt = 0; prompt < 2; prompt++) {
        browser.open(report, "trees?step=" + step + "&prompt=" + prompt);
        TreePageCheck.assertShows(browser, tree(step, prompt));
      }
    }
  }

  /** {@code -Dtreepo.report.run=RUN_DIR} names a run that training wrote. */
  @Test
  @EnabledIfSystemProperty(named = "treepo.report.run", matches = ".+")
  void aRealRunIsShownAsItsFilesSay() throws IOException {
    Path real = Path.of(System.getProperty("treepo.report.run"));
    Path page = RunReport.write(real, Optional.empty(), folder.resolve("real.html")).html();
    try (Stream<Path> files = Files.list(real.resolve("trees"))) {
      for (Path file : files.sorted().toList()) {
        int step = Integer.parseInt(file.getFileName().toString().replaceAll("\\D", ""));
        browser.open(page, "trees?step=" + step + "&prompt=0");
        if (browser.text("#step-at").equals("step " + step)) {
          TreePageCheck.assertShows(browser, JSON.readTree(Files.readAllLines(file).get(0)));
        }
      }
    }
  }

  /** The authors' own numbers: what the page writes out for every estimator leads to them. */
  @Test
  void theLinesOfEveryEstimatorLeadToItsNumbers() throws IOException {
    JsonNode cases = JSON.readTree(SharedData.require("rl/advantages_shared.json").toFile());
    JsonNode one = cases.get(cases.size() - 1);
    for (Map.Entry<String, JsonNode> expected : one.path("expected").properties()) {
      // The authors' functions are the recipe's, spo as well.
      String estimator = expected.getKey().equals("spo") ? "spo-recipe" : expected.getKey();
      Path shown = folder.resolve(estimator.replaceAll("[^a-z0-9]+", "-"));
      EstimatorRun.write(shown, one.path("trees"), estimator, expected.getValue());
      Path page = RunReport.write(shown, Optional.empty(), folder.resolve("estimator.html")).html();
      browser.open(page, "trees");
      assertThat(browser.text("#formula")).as(estimator).contains("✓ as in the file");
    }
  }

  @Test
  void aTokenShowsItsNumbers() throws IOException {
    browser.open(report, "trees?step=12&prompt=0&node=1");
    JsonNode node = tree(12, 0).path("nodes").path(0);

    browser.moveTo(browser.find(".token.inside"));

    String shown = browser.text(".token-readout").replace('−', '-');
    assertThat(shown)
        .contains("id " + node.path("tokens").path(0).asInt())
        .contains("log-prob %.4f".formatted(node.path("logprobs").path(0).asDouble()))
        .contains("entropy %.4f".formatted(node.path("entropies").path(0).asDouble()));
    browser.find(".detail summary").click();
    assertThat(browser.all(".detail tbody tr")).hasSize(node.path("tokens").size());
  }

  @Test
  void keysWalkThroughTheTreeAndTheSteps() throws IOException {
    browser.open(report, "overview");
    browser.press("2");
    assertThat(browser.find("#view-trees").isDisplayed()).isTrue();
    assertThat(browser.text("#step-at")).isEqualTo("step 30");
    browser.press("[");
    browser.press("[");
    browser.press(".");
    assertThat(browser.text("#step-at")).isEqualTo("step 28");

    browser.press("g");
    for (int i = 0; i < 9; i++) {
      browser.press(Keys.ARROW_LEFT);
    }
    assertThat(selected()).isZero();
    browser.press(Keys.ARROW_RIGHT);
    int child = selected();
    assertThat(parentOf(tree(28, 1), child)).isZero();
    browser.press(Keys.ARROW_RIGHT);
    assertThat(parentOf(tree(28, 1), selected())).isEqualTo(child);
    int before = selected();
    browser.press(Keys.ARROW_DOWN);
    browser.press(Keys.ARROW_UP);
    assertThat(selected()).isEqualTo(before);
    assertThat(browser.run("return document.activeElement.dataset.node")).isEqualTo("" + before);

    browser.press("c");
    assertThat(browser.text(".tree-bar [aria-checked=true]")).isEqualTo("Entropy");
    Object theme = browser.run("return document.documentElement.dataset.theme");
    browser.press("t");
    assertThat(browser.run("return document.documentElement.dataset.theme")).isNotEqualTo(theme);
    browser.press("?");
    assertThat(browser.find("#help").isDisplayed()).isTrue();
    browser.press(Keys.ESCAPE);
    assertThat(browser.find("#help").isDisplayed()).isFalse();
  }

  @Test
  void comparesTwoRuns() throws IOException {
    Path slow = SampleRun.write(folder.resolve("slow"), 20, 1, 0.6, 9);
    Path both = RunReport.write(run, Optional.of(slow), folder.resolve("both.html")).html();
    browser.open(both, "compare");

    assertThat(Browser.number(browser.text("tr[data-metric=accuracy] td[data-run='0']")))
        .isCloseTo(tailMean(run, "accuracy", 3), within(6e-5));
    assertThat(Browser.number(browser.text("tr[data-metric=accuracy] td[data-run='1']")))
        .isCloseTo(tailMean(slow, "accuracy", 2), within(6e-5));
    assertThat(browser.text("#view-compare")).contains("optimizer.learningRate");
    browser.press("1");
    assertThat(browser.all("[data-chart=kl] b[data-metric=kl]")).hasSize(2);
    browser.press("2");
    browser.find("[aria-label=Run] [data-value='1']").click();
    assertThat(browser.text("#step-at")).isEqualTo("step 20");
  }

  @Test
  void followsALiveRun() throws Exception {
    Path live = Files.createDirectory(folder.resolve("live"));
    try (ReportServer server = ReportServer.start(live, Optional.empty(), 0)) {
      browser.open(server.address(), "overview");
      assertThat(browser.text("#curves")).contains("No metrics yet");
      SampleRun.write(live, 4, 1, 1, 5);
      browser.waitUntil(() -> browser.text("#live").equals("live · step 4"));
      assertThat(browser.all("figure.chart")).isNotEmpty();
      browser.press("2");
      assertThat(browser.text("#step-at")).isEqualTo("step 4");
      browser.leave();
    }
  }

  @Test
  void textOfATreeStaysText() throws IOException {
    Path hostile = folder.resolve("hostile");
    Files.createDirectories(hostile.resolve("trees"));
    String text =
        JSON.writeValueAsString("</script><img src=x onerror=\"document.title='owned'\">");
    Files.writeString(
        hostile.resolve("trees/step-000001.jsonl"),
        """
        {"prompt_id":%1$s,"prompt_tokens":[1],"prompt_pieces":[%1$s],"nodes":[{"id":1,"parent":0,\
        "tokens":[2],"pieces":[%1$s]}],"trajectories":[{"leaf":1,"finish":"EOS","reward":1}]}
        """
            .formatted(text));
    Files.writeString(hostile.resolve("metrics.jsonl"), "{\"step\":1,%s:2}\n".formatted(text));
    Path page = RunReport.write(hostile, Optional.empty(), folder.resolve("hostile.html")).html();

    browser.open(page, "trees");

    assertThat(browser.text(".tokens")).contains("<img src=x");
    browser.press("1");
    assertThat(browser.text("#curves")).contains("<img src=x");
    assertThat(browser.all("img")).isEmpty();
    assertThat((String) browser.run("return document.title")).startsWith("hostile");
  }

  @Test
  void fitsAPhone() throws IOException {
    browser.size(390, 844);
    try {
      for (String view : List.of("overview", "trees?step=12", "settings")) {
        browser.open(report, view);
        assertThat((Long) browser.run("return document.documentElement.scrollWidth"))
            .as(view)
            .isLessThanOrEqualTo(390);
      }
    } finally {
      browser.size(1440, 1000);
    }
  }

  private static int selected() {
    return Integer.parseInt(
        browser.find("[role=treeitem][aria-selected=true]").getDomAttribute("data-node"));
  }

  private static JsonNode tree(int step, int index) throws IOException {
    Path file = run.resolve("trees/step-%06d.jsonl".formatted(step));
    return JSON.readTree(Files.readAllLines(file).get(index));
  }

  private static int parentOf(JsonNode tree, int id) {
    for (JsonNode node : tree.path("nodes")) {
      if (node.path("id").asInt() == id) {
        return node.path("parent").asInt();
      }
    }
    throw new AssertionError("no node " + id);
  }

  private static double tailMean(Path directory, String metric, int steps) throws IOException {
    List<String> lines = Files.readAllLines(directory.resolve("metrics.jsonl"));
    double sum = 0;
    for (String line : lines.subList(lines.size() - steps, lines.size())) {
      sum += JSON.readTree(line).path(metric).asDouble();
    }
    return sum / steps;
  }
}
