package org.treepo4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.reward.RewardBatch;
import org.treepo4j.rl.sampling.GroupSampler;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rollout.RolloutStatistics;

/**
 * Has executors sample and score trees, some prompts a task: as many paths as a decoder computes
 * well at once, else the weights are read, and what prompts begin with is computed, for few; and
 * where there are more, so few prompts that a long tree does not hold everybody up.
 *
 * @param evaluation whether by independent samples
 * @param paths trajectories of a prompt, at most
 */
record SparkSampler(SparkBackend backend, boolean evaluation, int paths) implements GroupSampler {
  /** Tasks for each executor at most, so that one with short trees takes more of them. */
  private static final int TASKS_PER_EXECUTOR = 4;

  /** Paths of a task at least, as long as every executor has one. */
  private static final int PATHS_PER_TASK = 256;

  /** Some prompts of a round. */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Part(byte[][] tasks, boolean evaluation, long stream, double progress, int round)
      implements Serializable {}

  /** What came of a part. */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record SampledPart(
      byte[][] trees,
      RolloutStatistics statistics,
      int threw,
      int late,
      String firstFailure,
      int limited,
      double rewardSeconds)
      implements Serializable {

    static SampledPart of(TaskSampler.Sampled sampled) {
      return new SampledPart(
          sampled.trees().stream().map(TreeCodec::scored).toArray(byte[][]::new),
          sampled.statistics(),
          sampled.rewards().threw(),
          sampled.rewards().late(),
          sampled.rewards().firstFailure().orElse(null),
          sampled.rewards().limited(),
          sampled.rewards().seconds());
    }

    RewardBatch.Counts rewards() {
      return new RewardBatch.Counts(
          threw, late, Optional.ofNullable(firstFailure), limited, rewardSeconds);
    }
  }

  @Override
  public Session open() {
    return new Session() {
      @Override
      public TaskSampler.Sampled sample(List<Task> tasks, long stream, double progress) {
        return SparkSampler.this.sample(tasks, stream, progress);
      }

      @Override
      public void close() {
        // Executors keep their decoders until the policy changes.
      }
    };
  }

  private TaskSampler.Sampled sample(List<Task> tasks, long stream, double progress) {
    if (tasks.isEmpty()) {
      return TaskSampler.Sampled.NONE;
    }
    SparkBackend.Place place = backend.place();
    List<List<Integer>> places = split(tasks, parts(tasks.size(), paths, backend.slots()));
    List<Part> parts = new ArrayList<>();
    for (List<Integer> part : places) {
      byte[][] encoded =
          part.stream().map(i -> TreeCodec.task(tasks.get(i))).toArray(byte[][]::new);
      parts.add(new Part(encoded, evaluation, stream, progress, tasks.size()));
    }
    long began = System.nanoTime();
    List<TaskOutcome<SampledPart>> outcomes =
        backend
            .cluster()
            .collect(
                evaluation ? "evaluation" : "sampling",
                backend.cluster().each(parts).map(part -> compute(place, part)));
    long wall = System.nanoTime() - began;
    backend.costs().sampled(outcomes, wall);
    backend.jobDone();
    TaskOutcome.requireDone(outcomes);
    return merged(tasks, places, outcomes, wall / 1e9);
  }

  private static TaskOutcome<SampledPart> compute(SparkBackend.Place place, Part part)
      throws Exception {
    return TaskOutcome.of(
        place::model,
        model ->
            SampledPart.of(
                model.sample(
                    part.evaluation,
                    Arrays.stream(part.tasks).map(TreeCodec::task).toList(),
                    part.stream,
                    part.progress,
                    part.round)));
  }

  /** Into how many parts a round is split at most. */
  static int parts(int prompts, int paths, int executors) {
    long full = (long) prompts * paths / PATHS_PER_TASK;
    return (int) Math.max(executors, Math.min((long) executors * TASKS_PER_EXECUTOR, full));
  }

  /**
   * Splits a round into parts: places of its tasks, in order. Tasks of one id stay together, for
   * their trees are told apart by their order.
   */
  static List<List<Integer>> split(List<Task> tasks, int most) {
    Map<String, List<Integer>> byId = new LinkedHashMap<>();
    for (int i = 0; i < tasks.size(); i++) {
      byId.computeIfAbsent(tasks.get(i).id(), id -> new ArrayList<>()).add(i);
    }
    int size = Math.max(1, (tasks.size() + most - 1) / most);
    List<List<Integer>> parts = new ArrayList<>();
    List<Integer> open = new ArrayList<>();
    for (List<Integer> alike : byId.values()) {
      open.addAll(alike);
      if (open.size() >= size) {
        parts.add(open);
        open = new ArrayList<>();
      }
    }
    if (!open.isEmpty()) {
      parts.add(open);
    }
    return parts;
  }

  private TaskSampler.Sampled merged(
      List<Task> tasks,
      List<List<Integer>> places,
      List<TaskOutcome<SampledPart>> outcomes,
      double seconds) {
    ScoredTree[] trees = new ScoredTree[tasks.size()];
    RolloutStatistics statistics = RolloutStatistics.NONE;
    RewardBatch.Counts rewards = RewardBatch.Counts.NONE;
    for (int p = 0; p < places.size(); p++) {
      SampledPart part = outcomes.get(p).value();
      for (int i = 0; i < part.trees.length; i++) {
        int place = places.get(p).get(i);
        trees[place] = TreeCodec.scored(part.trees[i], tasks.get(place));
      }
      statistics = statistics.plus(part.statistics);
      rewards = rewards.plus(part.rewards());
    }
    return new TaskSampler.Sampled(
        List.of(trees),
        statistics.within(seconds),
        rewards.within(rewards.seconds() / backend.slots()));
  }
}
