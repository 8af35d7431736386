package org.treepo4j.rl.sampling;

import java.util.List;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.run.TrainingException;
import org.treepo4j.rollout.RolloutProgress;

/** Measures a policy on held-out tasks by independent samples. */
public final class Evaluator {
  /** Evaluations have random streams of their own, the same at every step of a run. */
  private static final long STREAM = -1;

  private static final int TASKS_PER_ROUND = 256;

  private final TaskSampler sampler;
  private final List<Task> tasks;
  private final long seed;

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
  public Evaluator(TaskSampler sampler, List<Task> tasks, long seed) {
    this.sampler = sampler;
    this.tasks = List.copyOf(tasks);
    this.seed = seed;
  }

  /** Whether there is anything to measure on. */
  public boolean isEmpty() {
    return tasks.isEmpty();
  }

  /**
   * Samples every task.
   *
   * @throws TrainingException if every reward failed
   */
  public Evaluation evaluate(CausalLm model) {
    TaskSampler.Sampled all = TaskSampler.Sampled.NONE;
    try (BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
      for (int from = 0; from < tasks.size(); from += TASKS_PER_ROUND) {
        List<Task> round = tasks.subList(from, Math.min(tasks.size(), from + TASKS_PER_ROUND));
        all = all.plus(sampler.sample(decoder, round, seed, STREAM, 0, RolloutProgress.SILENT));
      }
    }
    all.requireScores("evaluation");
    return new Evaluation(all);
  }
}
