package org.treepo4j.rl.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.rl.train.TrainSettings;

class MlflowLogTest {
  private static final MlflowLog.Timing QUICK =
      new MlflowLog.Timing(Duration.ofMillis(5), Duration.ofMillis(20), Duration.ofSeconds(5));

  @TempDir Path folder;
  private final List<String> notes = new CopyOnWriteArrayList<>();

  @Test
  void parametersMetricsAndTheEndArrive() throws IOException {
    try (MlflowStandIn server = new MlflowStandIn(0)) {
      try (MetricsLog log = open(server.address(), 0)) {
        log.write(1, Map.of("loss", 0.5, "tokens", 12L, "lost", Double.NaN));
        log.write(2, Map.of("loss", 0.25));
        log.finished();
      }
      assertThat(server.complaints).isEmpty();
      MlflowStandIn.Run run = server.runs.get("run0");
      assertThat(run.status).isEqualTo("FINISHED");
      assertThat(run.metrics)
          .containsExactlyInAnyOrder("loss 1 0.5", "tokens 1 12.0", "loss 2 0.25");
      assertThat(run.parameters)
          .containsEntry("seed", "1")
          .containsEntry("rollout.maxWidth", "16")
          .doesNotContainKeys("output", "metrics.mlflow");
      assertThat(run.parameters).hasSizeGreaterThan(50);
      assertThat(run.tags)
          .containsEntry("mlflow.runName", folder.getFileName().toString())
          .containsEntry("treepo.run", folder.toString());
      assertThat(notes).isEmpty();
    }
  }

  @Test
  void aResumedRunKeepsItsIdAndAFailedOneIsFailed() throws IOException {
    try (MlflowStandIn server = new MlflowStandIn(0)) {
      try (MetricsLog log = open(server.address(), 0)) {
        log.write(1, Map.of("loss", 0.5));
      }
      assertThat(server.runs.get("run0").status).isEqualTo("FAILED");
      try (MetricsLog log = open(server.address(), 1)) {
        log.write(2, Map.of("loss", 0.25));
        log.finished();
      }
      assertThat(server.runs).containsOnlyKeys("run0");
      assertThat(server.runs.get("run0").status).isEqualTo("FINISHED");
      assertThat(server.runs.get("run0").metrics).containsExactly("loss 1 0.5", "loss 2 0.25");
      assertThat(Files.readString(folder.resolve(MlflowLog.FILE))).contains("\"run_id\":\"run0\"");
    }
  }

  @Test
  void anotherServerGetsANewRun() throws IOException {
    for (int i = 0; i < 2; i++) {
      try (MlflowStandIn server = new MlflowStandIn(0)) {
        open(server.address(), 0).close();
        assertThat(server.runs).containsOnlyKeys("run0");
      }
    }
  }

  @Test
  void aServerThatIsAwayIsTriedAgainAndNothingIsLost() throws Exception {
    try (MlflowStandIn server = new MlflowStandIn(0)) {
      server.failNext(3);
      try (MetricsLog log = open(server.address(), 0)) {
        for (int step = 1; step <= 20; step++) {
          log.write(step, Map.of("loss", 1.0 / step));
          if (step == 10) {
            server.failNext(2);
          }
        }
        log.finished();
      }
      assertThat(server.complaints).isEmpty();
      assertThat(server.runs.get("run0").metrics).hasSize(20);
      assertThat(notes.get(0))
          .isEqualTo(
              "MLflow: %s does not answer (status 503, come again); the run goes on and it is tried again"
                  .formatted(server.address()));
      assertThat(notes.get(1)).isEqualTo("MLflow: " + server.address() + " answers again");
      assertThat(notes).noneMatch(note -> note.contains("not sent"));
    }
  }

  @Test
  void aServerThatNeverAnswersStopsNothingAndIsNoted() throws IOException {
    String nobody;
    try (MlflowStandIn gone = new MlflowStandIn(0)) {
      nobody = gone.address();
    }
    try (MetricsLog log = open(nobody, 0, Duration.ofMillis(50))) {
      log.write(1, Map.of("loss", 0.5));
      log.write(2, Map.of("loss", 0.25));
      log.finished();
    }
    assertThat(Files.readAllLines(folder.resolve(MetricsLog.FILE))).hasSize(2);
    assertThat(notes.get(0)).startsWith("MLflow: " + nobody + " does not answer (");
    assertThat(notes.get(notes.size() - 1))
        .isEqualTo(
            "MLflow: 2 steps were not sent to %s; they are in %s"
                .formatted(nobody, folder.resolve(MetricsLog.FILE)));
  }

  @Test
  void whatIsRefusedIsNotedOnceAndNotTriedAgain() throws IOException {
    try (MlflowStandIn server = new MlflowStandIn(0)) {
      try (MetricsLog log = open(server.address(), 0)) {
        log.write(1, Map.of("loss?", 0.5));
        log.write(2, Map.of("loss", 0.25));
        log.finished();
      }
      assertThat(notes)
          .containsExactly(
              "MLflow: " + server.address() + " refuses a step: status 400, key loss?");
      assertThat(server.runs.get("run0").metrics).containsExactly("loss 2 0.25");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost:5000",
        "file:/tmp/mlruns",
        "http://",
        "http://u:p@host",
        "http://h?x=1"
      })
  void whatIsNoServerIsRefusedBeforeTheRun(String address) {
    assertThatThrownBy(() -> new MetricsSettings(address, "e"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("mlflow must ");
  }

  @Test
  void aSlashAtTheEndIsNoPartOfTheAddress() {
    assertThat(new MetricsSettings("http://h:5000/", "e").mlflow()).isEqualTo("http://h:5000");
  }

  private MetricsLog open(String server, long lastStep) throws IOException {
    return open(server, lastStep, QUICK.atEnd());
  }

  private MetricsLog open(String server, long lastStep, Duration atEnd) throws IOException {
    MetricsSettings settings = new MetricsSettings(server, "tests & more");
    MlflowLog mlflow =
        new MlflowLog(
            settings,
            folder,
            TrainSettings.defaults(),
            notes::add,
            new MlflowLog.Timing(QUICK.first(), QUICK.longest(), atEnd));
    return MetricsLog.open(folder, lastStep, Optional.of(mlflow));
  }
}
