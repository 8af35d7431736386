package org.treepo4j.report.comparison;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
            Optional.of(new RunComparison.Timing(run("e", 0, 5), run("f", 0, 10))))
        .write(page);
    assertThat(page)
        .content()
        .startsWith("# A title\n\nA note.\n")
        .contains("| grpo | 2 | 20.0 ± 0.0 % | 60.0 ± 14.1 % | 200 ± 0 | 8 ± 0 | 0.50 ± 0.00 |")
        .contains("| treepo | 2 | 20.0 ± 0.0 % | 80.0 ± 0.0 % |")
        .contains("](page-accuracy.svg)")
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
                  + "\"unique_training_tokens\":5,\"flattened_training_tokens\":10,"
                  + "\"computed_training_tokens\":%d,\"update_seconds\":%d,\"seconds\":20,"
                  + "\"eval_accuracy\":%s}\n")
              .formatted(step, computed, computed, accuracy));
    }
    Files.writeString(run.resolve("metrics.jsonl"), lines);
    return FinishedRun.read(run);
  }
}
