package org.treepo4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.testsupport.SampleRun;

class RunReportTest {
  @TempDir Path folder;

  @Test
  void holdsTheNumbersOfTheFiles() throws IOException {
    Path run = SampleRun.write(folder.resolve("run"), 5, 2, 1, 3);

    JsonNode data = data(write(run));

    JsonNode shown = data.path("runs").path(0);
    assertThat(shown.path("name").asText()).isEqualTo("run");
    assertThat(shown.path("metrics").path("step")).hasSize(5);
    JsonNode third =
        JsonLines.MAPPER.readTree(Files.readAllLines(run.resolve("metrics.jsonl")).get(2));
    assertThat(shown.path("metrics").path("entropy").path(2).asDouble())
        .isCloseTo(third.path("entropy").asDouble(), within(1e-6));
    assertThat(shown.path("metrics").path("eval_accuracy").path(2).isNull()).isTrue();
    assertThat(shown.path("settings").path("advantage.estimator").asText()).isEqualTo("treepo");
    assertThat(shown.path("steps")).hasSize(5);
    assertThat(shown.path("steps").path(0).path("trees")).hasSize(2);
    assertThat(data.path("notices")).isEmpty();
  }

  @Test
  void staysBelowFiveMegabytesForTwoHundredStepsAndSaysWhatItLeftOut() throws IOException {
    Path run = SampleRun.write(folder.resolve("long"), 200, 5, 1, 4);

    RunReport report = RunReport.write(run, Optional.of(run), folder.resolve("report.html"));

    assertThat(report.bytes()).isLessThan(5_000_000).isEqualTo(Files.size(report.html()));
    assertThat(report.notices()).anyMatch(line -> line.contains("of the 1000 trees"));
    JsonNode steps = data(Files.readString(report.html())).path("runs").path(0).path("steps");
    assertThat(steps).hasSize(200);
  }

  @Test
  void namesNoOtherHost() throws IOException {
    String page = write(SampleRun.write(folder.resolve("run"), 2, 1, 1, 5));

    assertThat(page).doesNotContain("http:", "https:", "src=", "@import", "url(");
    assertThat(page).contains("Copyright (c) 2022 Leon Sorokin");
  }

  @Test
  void holdsEveryPartOfThePage() throws Exception {
    String page = write(SampleRun.write(folder.resolve("run"), 1, 1, 1, 5));

    Path parts = Path.of(Page.class.getResource("page.html").toURI()).getParent();
    try (Stream<Path> files = Files.walk(parts)) {
      for (Path part : files.filter(f -> f.toString().matches(".*[.](js|css)")).toList()) {
        assertThat(page).as(part.toString()).contains(Files.readString(part));
      }
    }
  }

  @Test
  void textOfTreesCannotLeaveItsPlace() throws IOException {
    Path run = SampleRun.write(folder.resolve("run"), 1, 1, 1, 6);
    String hostile = "</script><script>alert(1)</script><!--\u2028";
    Files.writeString(
        run.resolve("trees/step-000001.jsonl"),
        """
        {"prompt_id":"p","prompt_tokens":[1],"prompt_text":%1$s,"prompt_pieces":[%1$s],\
        "nodes":[{"id":1,"parent":0,"tokens":[2],"pieces":[%1$s]}],\
        "trajectories":[{"leaf":1,"finish":"EOS"}]}
        """
            .formatted(JsonLines.MAPPER.writeValueAsString(hostile)));

    String page = write(run);

    assertThat(page).doesNotContain("alert(1)</script>");
    JsonNode tree = data(page).at("/runs/0/steps/0/trees/0");
    assertThat(tree.path("prompt").asText()).isEqualTo(hostile);
    assertThat(tree.at("/trajectories/0/reward").isNull()).isTrue();
  }

  @Test
  void showsTheRestOfARunWithBadLines() throws IOException {
    Path run = SampleRun.write(folder.resolve("run"), 3, 1, 1, 7);
    append(run.resolve("metrics.jsonl"), "garbage\n{\"step\":\"x\"}\n{\"step\":2,\"kl\":9}\n{\"st");
    append(run.resolve("trees/step-000002.jsonl"), "{\"prompt_tokens\":[1]}\n{\"half");

    RunReport report = RunReport.write(run, Optional.empty(), folder.resolve("r.html"));

    assertThat(report.notices())
        .hasSize(4)
        .anyMatch(line -> line.contains("metrics.jsonl line 4: not JSON"))
        .anyMatch(line -> line.contains("metrics.jsonl line 5: step must be a number from 0"))
        .anyMatch(line -> line.contains("step-000002.jsonl line 2: nodes must be an array"))
        .anyMatch(line -> line.contains("shows 3 of the 4 trees"));
    JsonNode metrics = data(Files.readString(report.html())).at("/runs/0/metrics");
    assertThat(metrics.path("step")).hasSize(3);
    assertThat(metrics.path("kl").path(1).asInt()).isEqualTo(9);
  }

  @Test
  void refusesWhatIsNoRun() {
    Path missing = folder.resolve("missing");
    assertThatThrownBy(() -> RunReport.write(missing, Optional.empty(), folder.resolve("r.html")))
        .isInstanceOf(ReportException.class)
        .hasMessage("no run directory at " + missing);
    assertThatThrownBy(() -> RunReport.write(folder, Optional.empty(), folder.resolve("r.html")))
        .isInstanceOf(ReportException.class)
        .hasMessageContaining("is not a run directory");
    assertThat(folder.resolve("r.html")).doesNotExist();
  }

  private String write(Path run) throws IOException {
    RunReport.write(run, Optional.empty(), folder.resolve("report.html"));
    return Files.readString(folder.resolve("report.html"));
  }

  private static JsonNode data(String page) throws IOException {
    Matcher data =
        Pattern.compile("<script type=\"application/json\" id=\"data\">(.*?)</script>")
            .matcher(page);
    assertThat(data.find()).isTrue();
    return JsonLines.MAPPER.readTree(data.group(1));
  }

  private static void append(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.APPEND);
  }

  private static org.assertj.core.data.Offset<Double> within(double distance) {
    return org.assertj.core.data.Offset.offset(distance);
  }
}
