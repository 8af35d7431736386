package org.treepo4j.rl.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.treepo4j.base.files.WholeFile;
import org.treepo4j.base.settings.SettingsComparison;

/**
 * A run in an MLflow tracking server: settings that cannot change are its parameters, what is
 * measured its metrics. A thread of its own sends them, so that a server that is slow or away never
 * holds or stops training: values are kept and tried again, and what cannot be sent in the end is
 * noted. The server's id of the run is kept in {@code mlflow.json} of the run's folder; a resumed
 * run goes on under it.
 */
public final class MlflowLog implements AutoCloseable {
  /** Keeps the server's id of the run. */
  public static final String FILE = "mlflow.json";

  /** MLflow's limits of one call of {@code log-batch}, and of a parameter's value. */
  private static final int MOST_METRICS = 1000;

  private static final int MOST_PARAMETERS = 100;
  private static final int LONGEST_VALUE = 500;

  private static final ObjectNode END = MlflowClient.JSON.createObjectNode();

  private final MetricsSettings settings;
  private final Path folder;
  private final Record runSettings;
  private final Consumer<String> notes;
  private final MlflowClient client;
  private final Timing timing;
  private final LinkedBlockingQueue<ObjectNode> waiting = new LinkedBlockingQueue<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread sender;
  private volatile String status = "FAILED";

  /** Steps given and not taken by the server; those after a refusal are not counted. */
  private final AtomicInteger unsent = new AtomicInteger();

  private volatile boolean stopped;
  private boolean away;
  private String runId;

  /**
   * How patient it is.
   *
   * @param first pause before the second try; doubled for every further one
   * @param longest pause between two tries
   * @param atEnd time for what is left when the run ends
   */
  record Timing(Duration first, Duration longest, Duration atEnd) {
    static final Timing USUAL =
        new Timing(Duration.ofSeconds(1), Duration.ofMinutes(1), Duration.ofSeconds(20));
  }

  /** Something to be tried until the server takes it. */
  private interface Call {
    void run() throws IOException, InterruptedException;
  }

  /**
   * Begins, or goes on with, a run; nothing is done where the settings name no server.
   *
   * @param settings the server
   * @param folder of the run
   * @param runSettings all settings of the run
   * @param notes told, in one line each, when the server is away, back, or refuses something
   */
  public static Optional<MlflowLog> open(
      MetricsSettings settings, Path folder, Record runSettings, Consumer<String> notes) {
    return settings.mlflow().isEmpty()
        ? Optional.empty()
        : Optional.of(new MlflowLog(settings, folder, runSettings, notes, Timing.USUAL));
  }

  MlflowLog(
      MetricsSettings settings,
      Path folder,
      Record runSettings,
      Consumer<String> notes,
      Timing timing) {
    this.settings = settings;
    this.folder = folder;
    this.runSettings = runSettings;
    this.notes = notes;
    this.timing = timing;
    this.client = new MlflowClient(settings.mlflow(), System.getenv());
    this.sender = new Thread(this::sendAll, "mlflow");
    sender.setDaemon(true);
    sender.start();
  }

  /** Adds one step; values that are not finite are left out. */
  void write(long step, Map<String, ? extends Number> metrics) {
    long now = System.currentTimeMillis();
    ObjectNode batch = MlflowClient.JSON.createObjectNode();
    ArrayNode list = batch.putArray("metrics");
    metrics.forEach(
        (name, value) -> {
          if (Double.isFinite(value.doubleValue()) && list.size() < MOST_METRICS) {
            list.addObject()
                .put("key", name)
                .put("value", value.doubleValue())
                .put("timestamp", now)
                .put("step", step);
          }
        });
    if (!stopped) {
      unsent.incrementAndGet();
      waiting.add(batch);
    }
  }

  /** The run came to its end: without it, closing says that it failed. */
  void finished() {
    status = "FINISHED";
  }

  /** Sends what is left, as long as the server answers, and ends the run there. */
  @Override
  public void close() {
    waiting.add(END);
    closing.countDown();
    try {
      sender.join(timing.atEnd().toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    stopped = true;
    if (unsent.get() > 0) {
      notes.accept(
          "MLflow: %d steps were not sent to %s; they are in %s"
              .formatted(unsent.get(), settings.mlflow(), folder.resolve(MetricsLog.FILE)));
    }
  }

  private void sendAll() {
    try {
      untilTaken(this::begin);
      for (ObjectNode batch = waiting.take(); batch != END; batch = waiting.take()) {
        send(batch);
      }
      untilTaken(() -> client.post("runs/update", update(status).put("end_time", now())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | RuntimeException e) {
      stopped = true;
      unsent.set(0);
      notes.accept(
          "MLflow: %s refuses the run, nothing is sent there: %s"
              .formatted(settings.mlflow(), e.getMessage()));
    }
  }

  private void send(ObjectNode batch) throws IOException, InterruptedException {
    batch.put("run_id", runId);
    try {
      untilTaken(() -> client.post("runs/log-batch", batch));
    } catch (MlflowClient.RefusedException e) {
      notes.accept("MLflow: %s refuses a step: %s".formatted(settings.mlflow(), e.getMessage()));
    }
    unsent.decrementAndGet();
  }

  /** Tries again and again, with longer and longer pauses; a refusal passes through. */
  private void untilTaken(Call call) throws IOException, InterruptedException {
    Duration pause = timing.first();
    while (true) {
      try {
        call.run();
        if (away) {
          away = false;
          notes.accept("MLflow: " + settings.mlflow() + " answers again");
        }
        return;
      } catch (MlflowClient.RefusedException e) {
        throw e;
      } catch (IOException e) {
        if (!away) {
          away = true;
          String reason = e.getMessage() == null ? "no connection" : e.getMessage();
          notes.accept(
              "MLflow: %s does not answer (%s); the run goes on and it is tried again"
                  .formatted(settings.mlflow(), reason));
        }
      }
      if (closing.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
        Thread.sleep(timing.first().toMillis()); // close() waits no longer than it may
      }
      pause = pause.multipliedBy(2);
      pause = pause.compareTo(timing.longest()) > 0 ? timing.longest() : pause;
    }
  }

  private void begin() throws IOException, InterruptedException {
    runId = keptId();
    if (runId != null) {
      try {
        client.post("runs/update", update("RUNNING"));
        return;
      } catch (MlflowClient.RefusedException e) {
        notes.accept("MLflow: run " + runId + " is not there any more; a new one is begun");
      }
    }
    ObjectNode create = MlflowClient.JSON.createObjectNode();
    create.put("experiment_id", client.experiment(settings.experiment()));
    create.put("run_name", folder.getFileName().toString()).put("start_time", now());
    ArrayNode tags = create.putArray("tags");
    tag(tags, "mlflow.runName", folder.getFileName().toString());
    tag(tags, "mlflow.source.name", "treepo4j");
    tag(tags, "mlflow.source.type", "LOCAL");
    tag(tags, "treepo.run", folder.toAbsolutePath().normalize().toString());
    runId = client.post("runs/create", create).at("/run/info/run_id").asText();
    ObjectNode kept = MlflowClient.JSON.createObjectNode();
    kept.put("server", settings.mlflow()).put("run_id", runId);
    WholeFile.write(folder.resolve(FILE), kept + "\n");
    sendParameters();
  }

  private void sendParameters() throws IOException, InterruptedException {
    ObjectNode batch = MlflowClient.JSON.createObjectNode().put("run_id", runId);
    ArrayNode list = batch.putArray("params");
    for (Map.Entry<String, Object> setting : SettingsComparison.fixed(runSettings).entrySet()) {
      String value = setting.getValue().toString();
      value = value.length() > LONGEST_VALUE ? value.substring(0, LONGEST_VALUE - 1) + "…" : value;
      if (!value.isEmpty()) {
        list.addObject().put("key", setting.getKey()).put("value", value);
      }
      if (list.size() == MOST_PARAMETERS) {
        client.post("runs/log-batch", batch);
        list.removeAll();
      }
    }
    client.post("runs/log-batch", batch);
  }

  private ObjectNode update(String status) {
    return MlflowClient.JSON.createObjectNode().put("run_id", runId).put("status", status);
  }

  private static void tag(ArrayNode tags, String key, String value) {
    tags.addObject().put("key", key).put("value", value);
  }

  private static long now() {
    return System.currentTimeMillis();
  }

  /** The id that the run has on this server; null where it has none. */
  private String keptId() throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return null;
    }
    JsonNode kept = MlflowClient.JSON.readTree(file.toFile());
    boolean same = kept.path("server").asText().equals(settings.mlflow());
    return same ? kept.path("run_id").asText() : null;
  }
}
