package org.treepo4j.report.comparison;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.treepo4j.base.json.StrictJson;
import org.treepo4j.rl.metrics.MetricsLog;

/**
 * A training run that has ended, as its folder tells it.
 *
 * @param accuracyBefore held-out accuracy of the policy it began with; NaN when not measured
 * @param accuracyAfter held-out accuracy at its end; NaN when not measured
 * @param steps metrics by step
 */
public record FinishedRun(double accuracyBefore, double accuracyAfter, List<JsonNode> steps) {

  public FinishedRun {
    steps = List.copyOf(steps);
  }

  /**
   * Reads a run's folder.
   *
   * @throws IOException when the run has not ended or its files are damaged; the message names the
   *     file
   */
  public static FinishedRun read(Path folder) throws IOException {
    Path summaryFile = folder.resolve("summary.json");
    if (!Files.exists(summaryFile)) {
      throw new IOException(summaryFile + ": no such file; the run has not ended, or is none");
    }
    JsonNode summary = parse(summaryFile, Files.readString(summaryFile));
    List<JsonNode> steps = new ArrayList<>();
    Path metrics = folder.resolve(MetricsLog.FILE);
    for (String line : Files.readAllLines(metrics)) {
      steps.add(parse(metrics, line));
    }
    if (steps.isEmpty()) {
      throw new IOException(metrics + ": expected at least one step, was empty");
    }
    return new FinishedRun(
        summary.path("accuracy_before").asDouble(Double.NaN),
        summary.path("accuracy_after").asDouble(Double.NaN),
        steps);
  }

  private static JsonNode parse(Path file, String text) throws IOException {
    try {
      return StrictJson.parse(text);
    } catch (IOException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** A metric summed over the steps; steps without it count 0. */
  double sum(String metric) {
    return steps.stream().mapToDouble(step -> step.path(metric).asDouble(0)).sum();
  }

  /** A metric's mean over the steps after the first, in which the JVM is still cold. */
  double warmMean(String metric) {
    return steps.stream()
        .skip(steps.size() > 1 ? 1 : 0)
        .mapToDouble(step -> step.path(metric).asDouble(0))
        .average()
        .orElse(Double.NaN);
  }

  /** Held-out accuracy over the tokens sampled so far, beginning at 0 tokens. */
  List<LineChart.Point> accuracyBySampledTokens() {
    return accuracyBy("sampled_tokens");
  }

  /** Held-out accuracy over what a metric has summed up to so far, beginning at 0. */
  List<LineChart.Point> accuracyBy(String metric) {
    List<LineChart.Point> points = new ArrayList<>();
    if (Double.isFinite(accuracyBefore)) {
      points.add(new LineChart.Point(0, accuracyBefore));
    }
    double spent = 0;
    for (JsonNode step : steps) {
      spent += step.path(metric).asDouble(0);
      if (step.has("eval_accuracy")) {
        points.add(new LineChart.Point(spent, step.get("eval_accuracy").asDouble()));
      }
    }
    return points;
  }
}
