package org.treepo4j.rl.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.treepo4j.rl.data.DifficultyPools;
import org.treepo4j.rl.loss.LossStatistics;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.reward.RewardBatch;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rollout.Trajectory;

/** What a step reports, by the names of docs/metrics.md. */
final class StepMetrics {
  /** What the wall clock of a step is made of. */
  private static final List<String> PHASES =
      List.of(
          "evaluation_seconds",
          "sampling_seconds",
          "reward_seconds",
          "scoring_seconds",
          "update_seconds");

  private StepMetrics() {}

  static Map<String, Number> of(GroupCollector.Groups groups, TrainingStep.Outcome step) {
    if (step.training().isEmpty()) {
      return ofSampling(groups);
    }
    Map<String, Number> metrics = new LinkedHashMap<>();
    List<TrainingTree> trained = step.training();
    TrainingStep.Update update = step.update();
    LossStatistics loss = update.passes().statistics();
    metrics.put("loss", update.loss());
    metrics.put("entropy", loss.entropy());
    if (trained.get(0).referenceLogprobs() != null) {
      metrics.put("kl", loss.referenceKl());
    }
    metrics.put("behaviour_kl", loss.behaviourKl());
    metrics.put("ratio_mean", loss.ratioMean());
    metrics.put("clip_fraction", loss.clipFraction());
    metrics.put("dual_clip_fraction", loss.dualClipFraction());
    metrics.put("gradient_norm", update.gradientNorm());
    metrics.put("learning_rate", update.learningRate());
    metrics.put("logprob_mismatch", step.mismatch());
    metrics.put("logprob_mismatch_sequence", step.sequenceMismatch());
    if (trained.get(0).behaviourLogprobs() != null) {
      metrics.put("rollout_correction_mean", loss.correctionMean());
      metrics.put("rollout_correction_limited", loss.correctedFraction());
    }
    metrics.put(
        "unique_training_tokens", trained.stream().mapToLong(TrainingTree::uniqueTokens).sum());
    metrics.put(
        "flattened_training_tokens",
        trained.stream().mapToLong(TrainingTree::flattenedTokens).sum());
    metrics.put("computed_training_tokens", update.passes().computedTokens());
    metrics.put("scoring_seconds", step.scoringSeconds());
    metrics.put("update_seconds", step.updateSeconds());
    metrics.put("forward_seconds", update.passes().forwardSeconds());
    metrics.put("backward_seconds", update.passes().backwardSeconds());
    metrics.put("optimizer_seconds", update.optimizerSeconds());
    metrics.put("prompts_trained", (long) trained.size());
    metrics.put(
        "trajectories_trained", trained.stream().mapToLong(TrainingTree::trajectories).sum());
    metrics.put("updates", (long) update.updates());
    metrics.put("skipped_steps", (long) update.skipped());
    ofSampling(groups).forEach(metrics::putIfAbsent);
    return metrics;
  }

  /** Of a step without an update. */
  private static Map<String, Number> ofSampling(GroupCollector.Groups groups) {
    RewardBatch.Counts rewards = groups.sampled().rewards();
    Map<String, Number> metrics = new LinkedHashMap<>();
    metrics.put("reward_mean", rewardMean(groups.all()));
    metrics.put("accuracy", groups.accuracy());
    metrics.put("groups_dropped", (long) groups.dropped());
    metrics.put("groups_spare", (long) groups.spare());
    metrics.put("generation_rounds", (long) groups.rounds());
    metrics.put("failed_rewards", (long) rewards.failed());
    metrics.put("limited_answers", (long) rewards.limited());
    metrics.put("reward_seconds", rewards.seconds());
    metrics.putAll(groups.statistics().toMap());
    metrics.put("prompts_trained", 0L);
    metrics.put("trajectories_trained", 0L);
    metrics.put("updates", 0L);
    metrics.put("skipped_steps", 0L);
    return metrics;
  }

  /** What is left of a step's time without its phases. */
  static double otherSeconds(Map<String, Number> metrics) {
    double phases =
        PHASES.stream().mapToDouble(phase -> metrics.getOrDefault(phase, 0).doubleValue()).sum();
    return metrics.get("seconds").doubleValue() - phases;
  }

  /** Where the tasks stand after a step. */
  static Map<String, Number> ofPools(GroupCollector.Groups groups, DifficultyPools pools) {
    Map<String, Number> metrics = new LinkedHashMap<>();
    pools
        .sizes()
        .forEach(
            (pool, size) -> metrics.put("tasks_" + pool.name().toLowerCase(Locale.ROOT), size));
    metrics.put("tasks_passed_over", (long) groups.passedOver());
    return metrics;
  }

  private static double rewardMean(List<ScoredTree> trees) {
    return trees.stream()
        .flatMap(tree -> tree.tree().trajectories().stream())
        .mapToDouble(Trajectory::reward)
        .average()
        .orElse(Double.NaN);
  }
}
