package org.treepo4j.spark;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.deploy.client.StandaloneAppClient;
import org.apache.spark.deploy.client.StandaloneAppClientListener;
import org.apache.spark.scheduler.ExecutorDecommissionInfo;
import org.apache.spark.scheduler.cluster.StandaloneSchedulerBackend;
import scala.Option;

/**
 * Executors that end, whether they ever registered or not. A standalone cluster starts others in
 * their place without end, and Spark's listeners hear only of those that had registered; so this
 * stands before what the cluster's manager tells. Where there is another manager, or another Spark,
 * nothing is counted.
 */
final class FailedStarts implements StandaloneAppClientListener {
  /** Lines that say why a JVM ended, among those that it logs. */
  private static final Pattern REASON =
      Pattern.compile("(?i).*(error|exception|unrecognized|could not|cannot|invalid).*");

  /** Between the command that a worker started and what that wrote. */
  private static final String BEHIND_COMMAND = "=".repeat(40) + "\n";

  private static final String LISTENER_SUFFIX = "$listener";

  private final StandaloneAppClientListener spark;
  private final List<Ended> all = new CopyOnWriteArrayList<>();

  /**
   * An executor that ended: its number, where its worker keeps what it said, and with what code.
   */
  private record Ended(String number, Path folder, String how) {}

  private FailedStarts(StandaloneAppClientListener spark) {
    this.spark = spark;
  }

  /** Counts from now on; those that have ended before are not missed, since others follow. */
  static Optional<FailedStarts> watch(JavaSparkContext context) {
    if (context.sc().schedulerBackend() instanceof StandaloneSchedulerBackend backend) {
      try {
        StandaloneAppClient client = backend.client();
        for (Field field : StandaloneAppClient.class.getDeclaredFields()) {
          if (field.getName().endsWith(LISTENER_SUFFIX)) {
            field.setAccessible(true);
            FailedStarts watching =
                new FailedStarts((StandaloneAppClientListener) field.get(client));
            field.set(client, watching);
            return Optional.of(watching);
          }
        }
      } catch (ReflectiveOperationException | LinkageError | RuntimeException e) {
        return Optional.empty(); // another Spark: its executors are waited for as elsewhere
      }
    }
    return Optional.empty();
  }

  /** Executors that have ended. */
  int count() {
    return all.size();
  }

  /**
   * One of those that ended, and what it said: the last whose worker ran in this folder and has
   * written that down already, else the last.
   */
  String last() {
    for (int i = all.size() - 1; i >= 0; i--) {
      Ended ended = all.get(i);
      Optional<String> said =
          reason(ended.folder().resolve("stderr"))
              .or(() -> reason(ended.folder().resolve("stdout"))); // the JVM's own words
      if (said.isPresent()) {
        return "executor %s: %s; it said: %s".formatted(ended.number(), ended.how(), said.get());
      }
    }
    Ended last = all.get(all.size() - 1);
    return "executor %s: %s; what it said stands in %s of its worker"
        .formatted(last.number(), last.how(), last.folder());
  }

  @Override
  public void executorRemoved(
      String fullId, String message, Option<Object> exitStatus, Option<String> workerHost) {
    String[] id = fullId.split("/"); // application/number
    String number = id[id.length - 1];
    Path folder = Path.of("work", id[0], number);
    all.add(new Ended(number, folder, JobFailure.firstLine(message)));
    spark.executorRemoved(fullId, message, exitStatus, workerHost);
  }

  /** Up to two lines of what an executor said, where its worker ran in this folder. */
  private static Optional<String> reason(Path output) {
    if (!Files.isRegularFile(output)) {
      return Optional.empty();
    }
    try {
      String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
      int header = text.indexOf(BEHIND_COMMAND);
      List<String> lines =
          text.substring(header < 0 ? 0 : header + BEHIND_COMMAND.length())
              .lines()
              .filter(line -> !line.isBlank())
              .toList();
      for (int i = 0; i < lines.size(); i++) {
        if (REASON.matcher(lines.get(i)).matches()) {
          boolean goesOn =
              i + 1 < lines.size() && !Character.isWhitespace(lines.get(i + 1).charAt(0));
          return Optional.of(
              lines.get(i).strip() + (goesOn ? "; " + lines.get(i + 1).strip() : ""));
        }
      }
      return lines.stream().reduce((before, line) -> line).map(String::strip);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  @Override
  public void connected(String appId) {
    spark.connected(appId);
  }

  @Override
  public void disconnected() {
    spark.disconnected();
  }

  @Override
  public void dead(String reason) {
    spark.dead(reason);
  }

  @Override
  public void executorAdded(
      String fullId, String workerId, String hostPort, int cores, int memory) {
    spark.executorAdded(fullId, workerId, hostPort, cores, memory);
  }

  @Override
  public void executorDecommissioned(String fullId, ExecutorDecommissionInfo info) {
    spark.executorDecommissioned(fullId, info);
  }

  @Override
  public void workerRemoved(String workerId, String host, String message) {
    spark.workerRemoved(workerId, host, message);
  }
}
