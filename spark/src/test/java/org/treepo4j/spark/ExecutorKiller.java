package org.treepo4j.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskStart;

/** Kills executors of this JVM's own cluster as {@code kill -9} does. */
final class ExecutorKiller extends SparkListener {
  private final AtomicInteger kills = new AtomicInteger();
  private volatile String armed = "";
  private volatile boolean inJob;

  /** Kills the executor that gets the first task of the next job of this name. */
  void arm(String job) {
    inJob = false;
    armed = job;
  }

  int kills() {
    return kills.get();
  }

  @Override
  public void onJobStart(SparkListenerJobStart job) {
    if (armed.equals(job.properties().getProperty("spark.job.description"))) {
      inJob = true;
    }
  }

  @Override
  public void onTaskStart(SparkListenerTaskStart task) {
    if (inJob) {
      inJob = false;
      armed = "";
      kill(task.taskInfo().executorId());
    }
  }

  /** Kills any one executor. */
  void killAny() {
    ProcessHandle.current()
        .descendants()
        .filter(ExecutorKiller::isExecutor)
        .findFirst()
        .ifPresent(this::kill);
  }

  private void kill(String executor) {
    ProcessHandle.current()
        .descendants()
        .filter(ExecutorKiller::isExecutor)
        .filter(
            process -> {
              List<String> arguments = arguments(process);
              return executor.equals(arguments.get(arguments.indexOf("--executor-id") + 1));
            })
        .forEach(this::kill);
  }

  private void kill(ProcessHandle process) {
    if (process.destroyForcibly()) {
      kills.incrementAndGet();
    }
  }

  static boolean isExecutor(ProcessHandle process) {
    return arguments(process).contains("org.apache.spark.executor.CoarseGrainedExecutorBackend");
  }

  /** As Linux tells them; Java does not tell those of a process with a long class path. */
  private static List<String> arguments(ProcessHandle process) {
    try {
      Path file = Path.of("/proc", Long.toString(process.pid()), "cmdline");
      return Arrays.asList(Files.readString(file).split("\0"));
    } catch (IOException e) { // it has ended
      return List.of();
    }
  }
}
