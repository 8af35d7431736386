package org.treepo4j.spark;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a step's time went to, by the names of docs/cluster.md. */
final class StepCosts {
  private final int slots;
  private long began = System.nanoTime();
  private long broadcast;
  private long loading;
  private final Jobs sampling = new Jobs();
  private final Jobs passes = new Jobs();
  private long summing;

  /** The jobs of one kind. */
  private static final class Jobs {
    private long wall;
    private long computing;
    private long busiest;
    private long slowest;

    void reset() {
      wall = 0;
      computing = 0;
      busiest = 0;
      slowest = 0;
    }
  }

  StepCosts(int slots) {
    this.slots = slots;
  }

  /** Weights were put where executors find them. */
  void broadcast(long nanos) {
    broadcast += nanos;
  }

  /** Gradients of shards were added up on the driver. */
  void summing(long nanos) {
    summing += nanos;
  }

  /** A job that sampled, for training or evaluation. */
  <T> void sampled(List<TaskOutcome<T>> outcomes, long wall) {
    add(sampling, outcomes, wall);
  }

  /** A job that scored trees or computed gradients. */
  <T> void passed(List<TaskOutcome<T>> outcomes, long wall) {
    add(passes, outcomes, wall);
  }

  private <T> void add(Jobs jobs, List<TaskOutcome<T>> outcomes, long wall) {
    Map<String, Long> byExecutor = new HashMap<>();
    Map<String, Long> loadingByExecutor = new HashMap<>();
    for (TaskOutcome<T> outcome : outcomes) {
      byExecutor.merge(outcome.executor(), outcome.computing(), Long::sum);
      loadingByExecutor.merge(outcome.executor(), outcome.loading(), Long::sum);
      jobs.computing += outcome.computing();
      jobs.slowest = Math.max(jobs.slowest, outcome.computing());
    }
    jobs.wall += wall;
    jobs.busiest += byExecutor.values().stream().mapToLong(Long::longValue).max().orElse(0);
    loading += loadingByExecutor.values().stream().mapToLong(Long::longValue).max().orElse(0);
  }

  /**
   * The metrics of what has happened since the last call.
   *
   * @param executors that are there now
   */
  Map<String, Number> take(int executors) {
    long now = System.nanoTime();
    Map<String, Number> metrics = new LinkedHashMap<>();
    metrics.put("cluster_executors", executors);
    metrics.put("cluster_broadcast_seconds", seconds(broadcast + loading));
    metrics.put("cluster_sampling_seconds", seconds(sampling.wall));
    metrics.put("cluster_sampling_slowest_task_seconds", seconds(sampling.slowest));
    metrics.put(
        "cluster_sampling_wait_seconds",
        seconds(Math.max(0, sampling.busiest - sampling.computing / slots)));
    metrics.put("cluster_passes_seconds", seconds(passes.wall));
    metrics.put("cluster_passes_slowest_task_seconds", seconds(passes.slowest));
    metrics.put(
        "cluster_passes_wait_seconds",
        seconds(Math.max(0, passes.busiest - passes.computing / slots)));
    metrics.put(
        "cluster_transfer_seconds",
        seconds(
            Math.max(0, sampling.wall + passes.wall - sampling.busiest - passes.busiest - loading)
                + summing));
    metrics.put(
        "cluster_driver_seconds",
        seconds(now - began - broadcast - sampling.wall - passes.wall - summing));
    began = now;
    broadcast = 0;
    loading = 0;
    summing = 0;
    sampling.reset();
    passes.reset();
    return metrics;
  }

  private static double seconds(long nanos) {
    return nanos / 1e9;
  }
}
