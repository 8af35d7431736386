package org.treepo4j.rl.metrics;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.base.files.AppendedFile;
import org.treepo4j.base.files.WholeFile;
import org.treepo4j.base.json.StrictJson;

/**
 * {@code metrics.jsonl} and a TensorBoard event file of one run: a step is on disk before the next
 * begins. Where the settings name an MLflow server, steps are sent there as well. Values that are
 * not finite are left out, since JSON has no words for them.
 */
public final class MetricsLog implements AutoCloseable {
  public static final String FILE = "metrics.jsonl";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final AppendedFile file;
  private final TensorBoardWriter tensorBoard;
  private final Optional<MlflowLog> mlflow;

  private MetricsLog(AppendedFile file, TensorBoardWriter tensorBoard, Optional<MlflowLog> mlflow) {
    this.file = file;
    this.tensorBoard = tensorBoard;
    this.mlflow = mlflow;
  }

  /**
   * Opens the log of a run; lines after {@code lastStep} belong to steps that will be run again and
   * are dropped.
   *
   * @param lastStep the last step that counts, 0 for a new run
   * @param mlflow where steps go besides; closed with the log
   */
  public static MetricsLog open(Path runFolder, long lastStep, Optional<MlflowLog> mlflow)
      throws IOException {
    Path file = runFolder.resolve(FILE);
    boolean resumed = Files.exists(file);
    if (resumed) {
      StringBuilder kept = new StringBuilder();
      for (String line : Files.readAllLines(file)) {
        if (stepOf(line) <= lastStep) {
          kept.append(line).append('\n');
        }
      }
      WholeFile.write(file, kept.toString());
    }
    AppendedFile lines = AppendedFile.open(file);
    boolean done = false;
    try {
      TensorBoardWriter tensorBoard = TensorBoardWriter.create(runFolder);
      if (resumed) {
        tensorBoard.restart(lastStep + 1);
      }
      done = true;
      return new MetricsLog(lines, tensorBoard, mlflow);
    } finally {
      if (!done) {
        lines.close();
        mlflow.ifPresent(MlflowLog::close);
      }
    }
  }

  /** Adds one step. */
  public void write(long step, Map<String, ? extends Number> metrics) throws IOException {
    var line = JSON.createObjectNode();
    line.put("step", step);
    for (Map.Entry<String, ? extends Number> metric : metrics.entrySet()) {
      Number value = metric.getValue();
      if (!Double.isFinite(value.doubleValue())) {
        continue;
      }
      if (value instanceof Long || value instanceof Integer) {
        line.put(metric.getKey(), value.longValue());
      } else {
        line.put(metric.getKey(), value.doubleValue());
      }
    }
    file.append(JSON.writeValueAsString(line) + "\n");
    tensorBoard.scalars(step, metrics);
    mlflow.ifPresent(log -> log.write(step, metrics));
  }

  /** The run came to its end. */
  public void finished() {
    mlflow.ifPresent(MlflowLog::finished);
  }

  /** A line torn by a crash belongs to no step. */
  private static long stepOf(String line) {
    try {
      return StrictJson.parse(line).path("step").asLong(Long.MAX_VALUE);
    } catch (IOException e) {
      return Long.MAX_VALUE;
    }
  }

  @Override
  public void close() throws IOException {
    try (file;
        tensorBoard) {
      mlflow.ifPresent(MlflowLog::close);
    }
  }
}
