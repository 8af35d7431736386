package org.treepo4j.tests.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.rl.advantage.AdvantageEstimators;

/** What the pages say is what the program does. */
class DocumentationTest {
  private static final Path DOCS = Path.of(System.getProperty("treepo.root", ".."), "docs");
  private static final Pattern METRIC_ROW = Pattern.compile("(?m)^\\| `([a-z0-9_N]+)` \\|");

  private static final Pattern ESTIMATOR_ROW =
      Pattern.compile("(?m)^\\| \\[`([^`]+)`\\]\\(([^)]+)\\) \\|");

  @TempDir Path folder;

  @Test
  void everyMetricOfRunsIsExplainedAndNoOther() throws IOException {
    TinyRuns runs = new TinyRuns(folder);
    String[] all = { // for the metrics of the rollout correction and of the pools
      "--set", "trainer.steps=2",
      "--set", "rollout.sampling.topP=0.95",
      "--set", "data.pools.enabled=true"
    };
    runs.run("train", "train", all).ok();
    runs.run("sft", "sft").ok();
    Set<String> written = new TreeSet<>();
    for (String run : new String[] {"train", "sft"}) {
      for (String line : Files.readAllLines(runs.path(run).resolve("metrics.jsonl"))) {
        TinyRuns.JSON
            .readTree(line)
            .fieldNames()
            .forEachRemaining(name -> written.add(name.replaceAll("_depth_\\d+$", "_depth_N")));
      }
    }
    Set<String> explained = new TreeSet<>();
    Matcher row = METRIC_ROW.matcher(Files.readString(DOCS.resolve("metrics.md")));
    while (row.find()) {
      explained.add(row.group(1));
    }
    assertThat(explained).as("metrics in docs/metrics.md").isEqualTo(written);
  }

  @Test
  void everyEstimatorHasItsPageAndItsRowAndNoOther() throws IOException {
    Path folder = DOCS.resolve("estimators");
    Matcher row = ESTIMATOR_ROW.matcher(Files.readString(folder.resolve("README.md")));
    List<String> rows = new ArrayList<>();
    while (row.find()) {
      rows.add(row.group(1));
      assertThat(Files.readString(folder.resolve(row.group(2)))).startsWith("# `" + row.group(1));
    }
    assertThat(rows).isEqualTo(AdvantageEstimators.names());
  }

  @Test
  void theListOfSettingsIsThatOfTheRecords() throws IOException {
    String made = TinyRuns.cli("settings-reference").ok().out();
    assertThat(Files.readString(DOCS.resolve("settings.md")))
        .as("docs/settings.md is stale; run ./treepo settings-reference > docs/settings.md")
        .isEqualTo(made);
  }
}
