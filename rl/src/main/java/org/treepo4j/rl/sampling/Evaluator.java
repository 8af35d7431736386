package org.treepo4j.rl.sampling;

import java.io.IOException;
import java.util.List;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.run.TrainingException;

/** Measures a policy by independent samples of tasks. */
public final class Evaluator {
  private static final int TASKS_PER_ROUND = 256;

  private final GroupSampler sampler;
  private final List<Task> tasks;
  private final Streams streams;

  /** Which random streams samples are drawn from. */
  public enum Streams {
    /** Those of an evaluation that stands alone. */
    OWN(0),
    /** The same at every step of a training run, and none of a step's. */
    IN_TRAINING(-1);

    private final long step;

    Streams(long step) {
      this.step = step;
    }
  }

  /** Told what came of some tasks as soon as they are sampled and scored. */
  @FunctionalInterface
  public interface RoundListener {
    void sampled(TaskSampler.Sampled round) throws IOException;
  }

  /**
   * One evaluation.
   *
   * @param sampled trees by task, one path per sample
   */
  public record Evaluation(TaskSampler.Sampled sampled) {

    /** Share of correct samples: pass@1. */
    public double accuracy() {
      return ScoredTree.accuracy(sampled.trees());
    }
  }

  /**
   * @param sampler of independent samples
   */
  public Evaluator(GroupSampler sampler, List<Task> tasks, Streams streams) {
    this.sampler = sampler;
    this.tasks = List.copyOf(tasks);
    this.streams = streams;
  }

  /** Whether there is anything to measure on. */
  public boolean isEmpty() {
    return tasks.isEmpty();
  }

  /**
   * Samples every task.
   *
   * @throws TrainingException as soon as there are scores and every one failed
   * @throws IOException of the listener only
   */
  public Evaluation evaluate(RoundListener listener) throws IOException {
    TaskSampler.Sampled all = TaskSampler.Sampled.NONE;
    try (GroupSampler.Session session = sampler.open()) {
      for (int from = 0; from < tasks.size(); from += TASKS_PER_ROUND) {
        List<Task> tasksOfRound =
            tasks.subList(from, Math.min(tasks.size(), from + TASKS_PER_ROUND));
        TaskSampler.Sampled round = session.sample(tasksOfRound, streams.step, 0);
        all = all.plus(round);
        all.requireScores("evaluation");
        listener.sampled(round);
      }
    }
    return new Evaluation(all);
  }
}
