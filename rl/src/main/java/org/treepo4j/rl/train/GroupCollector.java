package org.treepo4j.rl.train;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.rl.data.DifficultyPools;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.data.TaskSource;
import org.treepo4j.rl.run.TrainingException;
import org.treepo4j.rl.sampling.GroupSampler;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rollout.RolloutStatistics;

/**
 * Fills a step with trees there is something to learn from (dynamic sampling, algorithm page,
 * section 5): prompts whose trajectories all have one reward are dropped, and others sampled until
 * the step is full or the rounds are used up.
 */
final class GroupCollector {
  /** Rounds aim a little high, so that bad luck seldom costs one more. */
  private static final double SPARE = 1.25;

  private final GroupSampler sampler;
  private final TaskSource tasks;
  private final DifficultyPools pools;
  private final TrainerSettings settings;

  /**
   * The trees of a step.
   *
   * @param trees to be trained on
   * @param sampled every tree that was sampled, for what a step reports of the policy
   * @param tasksDrawn places taken from the row of tasks, those passed over included
   * @param dropped trees without contrast or trajectories
   * @param rounds of sampling it took
   */
  record Groups(
      List<ScoredTree> trees,
      TaskSampler.Sampled sampled,
      int tasksDrawn,
      int dropped,
      int rounds) {

    List<ScoredTree> all() {
      return sampled.trees();
    }

    RolloutStatistics statistics() {
      return sampled.statistics();
    }

    /** Trees worth training on that the step had no room for. */
    int spare() {
      return all().size() - dropped - trees.size();
    }

    /** Tasks that their pool let pass. */
    int passedOver() {
      return tasksDrawn - all().size();
    }

    /** Share of correct trajectories; NaN without any. */
    double accuracy() {
      return ScoredTree.accuracy(all());
    }
  }

  GroupCollector(
      GroupSampler sampler, TaskSource tasks, DifficultyPools pools, TrainerSettings settings) {
    this.sampler = sampler;
    this.tasks = tasks;
    this.pools = pools;
    this.settings = settings;
  }

  /**
   * @param step 1 for the first
   * @param firstTask place in the row of tasks to begin at
   * @param progress share of training done
   */
  Groups collect(long step, long firstTask, double progress) {
    int wanted = settings.promptsPerStep();
    List<ScoredTree> kept = new ArrayList<>();
    TaskSampler.Sampled all = TaskSampler.Sampled.NONE;
    int drawn = 0;
    int rounds = 0;
    try (GroupSampler.Session session = sampler.open()) {
      while (kept.size() < wanted && rounds < maxRounds()) {
        List<Task> batch = new ArrayList<>();
        int size = roundSize(wanted - kept.size(), kept.size(), all.trees().size());
        while (batch.size() < size) {
          long place = firstTask + drawn;
          Task task = tasks.at(place);
          if (pools.draws(task, place)) {
            batch.add(task);
          }
          drawn++;
        }
        TaskSampler.Sampled sampled = session.sample(batch, stream(step, rounds), progress);
        rounds++;
        all = all.plus(sampled);
        sampled.trees().stream().filter(this::useful).forEach(kept::add);
        if (all.trees().size() > 1) { // one task alone may be a bad one
          all.requireScores("step " + step);
        }
      }
    }
    all.requireScores("step " + step);
    boolean tooFew = settings.dynamicSampling() ? kept.size() < wanted : kept.isEmpty();
    if (tooFew && !settings.trainOnShortBatch()) {
      throw tooFew(step, rounds, kept.size(), ScoredTree.accuracy(all.trees()));
    }
    List<ScoredTree> trees = kept.subList(0, Math.min(wanted, kept.size()));
    return new Groups(List.copyOf(trees), all, drawn, all.trees().size() - kept.size(), rounds);
  }

  private TrainingException tooFew(long step, int rounds, int kept, double accuracy) {
    int wanted = settings.promptsPerStep();
    if (!settings.dynamicSampling()) {
      return new TrainingException(
          "step %d: none of %d prompts has a trajectory; lower rollout.minTrajectoryTokens"
              .formatted(step, wanted));
    }
    return new TrainingException(
        ("step %d: after %d rounds of sampling only %d of %d prompts have trajectories of different"
                + " rewards (%.0f %% of all are correct); set trainer.trainOnShortBatch=true to"
                + " train on what there is, or give %s tasks")
            .formatted(
                step, rounds, kept, wanted, 100 * accuracy, accuracy > 0.5 ? "harder" : "easier"));
  }

  /** A task that comes again in a later round of its step must not be given the same trees. */
  private static long stream(long step, int round) {
    return step + ((long) round << 32);
  }

  private int maxRounds() {
    return settings.dynamicSampling() ? settings.maxGenerationBatches() : 1;
  }

  private boolean useful(ScoredTree tree) {
    return settings.dynamicSampling() ? tree.hasContrast() : !tree.tree().trajectories().isEmpty();
  }

  /** As many prompts as the share kept so far lets expect to be enough, at most a whole batch. */
  private int roundSize(int missing, int kept, int sampled) {
    if (sampled == 0) {
      return settings.promptsPerStep();
    }
    double share = Math.max(1.0, kept) / sampled;
    return (int) Math.min(settings.promptsPerStep(), Math.ceil(SPARE * missing / share));
  }
}
