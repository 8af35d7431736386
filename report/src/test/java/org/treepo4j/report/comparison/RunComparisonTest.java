package org.treepo4j.report.comparison;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunComparisonTest {
  @TempDir Path folder;

  @Test
  void aPageHasARowForEveryNameACurveAndTheTiming() throws Exception {
    Map<String, List<FinishedRun>> runs = new TreeMap<>();
    runs.put("grpo", List.of(run("a", 0.5, 10), run("b", 0.7, 10)));
    runs.put("treepo", List.of(run("c", 0.8, 5), run("d", 0.8, 5)));
    Path page = folder.resolve("results/page.md");
    new RunComparison(
            "A title",
            List.of("A note."),
            runs,
            Optional.of("grpo"),
            Optional.of(new RunComparison.Timing(run("e", 0, 5), run("f", 0, 10))))
        .write(page);
    assertThat(page)
        .content()
        .startsWith("# A title\n\nA note.\n")
        .contains(
            "| grpo | 2 | 20.0 ± 0.0 % | 60.0 ± 127.1 % | 200 ± 0 | 60 ± 0 | 8 ± 0 | 0.50 ± 0.00 |")
        .contains("| treepo | 2 | 20.0 ± 0.0 % | 80.0 ± 0.0 % |")
        .contains("](page-accuracy.svg)")
        .contains("first reaches 54.0 %")
        .contains("| grpo | 1 of 2 | 68 where reached | 20 where reached | 14 where reached | 50.0")
        .contains("| treepo | 2 of 2 | 57 ± 0 | 17 ± 0 | 11 ± 0 | 65.0 ± 0.0 % | +15.0 ± 95.3 |")
        .contains("**Found.** Of 2 differences to grpo, each over 2 seeds, none has")
        .contains("| flattened / trees | 2.00 × | 2.00 × | 1.00 × |");
    String svg = Files.readString(folder.resolve("results/page-accuracy.svg"));
    assertThat(svg.split("<polyline", -1)).as("four runs and two means").hasSize(1 + 6);
    assertThat(svg).contains(">grpo<").contains(">treepo<").doesNotContain("NaN");
    DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(folder.resolve("results/page-accuracy.svg").toFile());
  }

  @Test
  void theMeanOfCurvesIsTakenWhereAllOfThemAre() {
    LineChart.Series series =
        new LineChart.Series(
            "two",
            List.of(
                List.of(new LineChart.Point(0, 0), new LineChart.Point(10, 1)),
                List.of(new LineChart.Point(0, 1), new LineChart.Point(20, 3))));
    List<LineChart.Point> mean = series.mean();
    assertThat(mean.get(0)).isEqualTo(new LineChart.Point(0, 0.5));
    assertThat(mean.get(mean.size() - 1)).isEqualTo(new LineChart.Point(10, 1.5));
  }

  @Test
  void anIntervalIsStudentsOverTheSeeds() {
    MeanInterval interval = MeanInterval.of(new double[] {1, 2, 3, 4, 5});
    // sd √2.5, t(4 degrees, 0.975) = 2.776445
    assertThat(interval.mean()).isEqualTo(3);
    assertThat(interval.halfWidth()).isCloseTo(2.776445 * Math.sqrt(0.5), within(1e-5));
    assertThat(interval.excludesZero()).isTrue();
    assertThat(interval.text("%+.1f")).isEqualTo("+3.0 ± 2.0");
    assertThat(MeanInterval.of(new double[] {7}).text("%.0f")).isEqualTo("7");
    assertThat(MeanInterval.of(new double[] {7}).excludesZero()).isFalse();
  }

  @Test
  void aDifferenceWhoseIntervalLeavesOutZeroIsFound() throws IOException {
    Map<String, List<FinishedRun>> runs = new TreeMap<>();
    runs.put("a", List.of(run("g", 0.5, 1), run("h", 0.6, 1), run("i", 0.7, 1)));
    runs.put("b", List.of(run("j", 0.7, 1), run("k", 0.8, 1), run("l", 0.9, 1)));
    assertThat(new AgainstBaseline("a", runs).markdown())
        .contains(
            "each over 3 seeds, 2 have an interval that leaves out zero: b mean accuracy +15.0 ±"
                + " 0.0; b final accuracy +20.0 ± 0.0 (percentage points).");
  }

  @Test
  void aBaselineIsOneOfTheRuns() {
    assertThatThrownBy(() -> new AgainstBaseline("x", Map.of("a", List.of())))
        .hasMessage("baseline must be one of a, was x");
  }

  @Test
  void theMeanOfACurveIsItsAreaOverTheBudget() {
    List<LineChart.Point> curve =
        List.of(new LineChart.Point(0, 0), new LineChart.Point(10, 1), new LineChart.Point(30, 1));
    assertThat(AgainstBaseline.meanUpTo(curve, 20)).isEqualTo(0.75);
  }

  @Test
  void aRunThatHasNotEndedIsNamed() {
    assertThatThrownBy(() -> FinishedRun.read(folder.resolve("none")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("summary.json: no such file; the run has not ended");
  }

  /** Two steps of 100 sampled tokens each, evaluated after both. */
  private FinishedRun run(String name, double accuracy, int computed) throws IOException {
    Path run = Files.createDirectories(folder.resolve(name));
    Files.writeString(
        run.resolve("summary.json"),
        "{\"accuracy_before\":0.2,\"accuracy_after\":%s}".formatted(accuracy));
    StringBuilder lines = new StringBuilder();
    for (int step = 1; step <= 2; step++) {
      lines.append(
          ("{\"step\":%d,\"sampled_tokens\":100,\"trajectory_tokens\":200,\"trajectories\":4,"
                  + "\"computed_tokens\":30,\"unique_training_tokens\":5,\"flattened_training_tokens\":10,"
                  + "\"computed_training_tokens\":%d,\"update_seconds\":%d,\"seconds\":20,"
                  + "\"eval_accuracy\":%s}\n")
              .formatted(step, computed, computed, accuracy));
    }
    Files.writeString(run.resolve("metrics.jsonl"), lines);
    return FinishedRun.read(run);
  }
}
