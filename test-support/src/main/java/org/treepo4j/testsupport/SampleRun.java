package org.treepo4j.testsupport;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Writes a run directory as training does, without training: a simulated policy learns chain sums
 * ({@code 7+58-13+9=}) and makes fewer mistakes with every step. The same arguments give the same
 * files.
 */
public final class SampleRun {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PROMPTS_PER_STEP = 8;

  private final Path folder;
  private final long seed;
  private final int treesPerStep;
  private final double learningSpeed;

  private SampleRun(Path folder, long seed, int treesPerStep, double learningSpeed) {
    this.folder = folder;
    this.seed = seed;
    this.treesPerStep = treesPerStep;
    this.learningSpeed = learningSpeed;
  }

  /**
   * Writes a run.
   *
   * @param folder created if missing
   * @param steps how many
   * @param treesPerStep trees written of every step's 8
   * @param learningSpeed 1 for a run that is nearly perfect at the end
   */
  public static Path write(
      Path folder, int steps, int treesPerStep, double learningSpeed, long seed)
      throws IOException {
    new SampleRun(folder, seed, treesPerStep, learningSpeed).write(steps);
    return folder;
  }

  private void write(int steps) throws IOException {
    Files.createDirectories(folder.resolve("trees"));
    Files.writeString(
        folder.resolve("settings.yaml"),
        """
        seed: %d
        rollout:
          maxWidth: 8
          segmentLength: 8
          maxDepth: 7
          branching: 2
          initialDivergence: "1..3"
        advantage:
          estimator: treepo
          weighting: average
          subgroupRejection: false
        optimizer:
          learningRate: %.1e
        """
            .formatted(seed, learningSpeed * 3e-4));
    StringBuilder metrics = new StringBuilder();
    ObjectNode last = JSON.createObjectNode();
    for (int step = 1; step <= steps; step++) {
      List<SampleTree> batch = batch(step, steps);
      SampleAdvantages.annotate(batch);
      StringBuilder lines = new StringBuilder();
      for (SampleTree tree : batch.subList(0, treesPerStep)) {
        lines.append(JSON.writeValueAsString(tree.toJson(step))).append('\n');
      }
      Files.writeString(folder.resolve("trees").resolve("step-%06d.jsonl".formatted(step)), lines);
      last = metrics(batch, step, steps);
      metrics.append(JSON.writeValueAsString(last)).append('\n');
    }
    Files.writeString(folder.resolve("metrics.jsonl"), metrics);
    ObjectNode summary = JSON.createObjectNode().put("steps", steps).put("status", "finished");
    summary.set("final_accuracy", last.get("accuracy"));
    Files.writeString(folder.resolve("summary.json"), JSON.writeValueAsString(summary) + "\n");
  }

  private List<SampleTree> batch(int step, int steps) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + step);
    List<SampleTree> batch = new ArrayList<>();
    for (int i = 0; i < PROMPTS_PER_STEP; i++) {
      batch.add(SampleTree.grow("chain-%03d-%d".formatted(step, i), mistakes(step, steps), random));
    }
    return batch;
  }

  /** Probability of a wrong digit. */
  private double mistakes(int step, int steps) {
    double progress = learningSpeed * step / steps;
    return 0.012 + 0.2 / (1 + Math.exp(9 * (progress - 0.45)));
  }

  private ObjectNode metrics(List<SampleTree> batch, int step, int steps) {
    SplittableRandom random = new SplittableRandom(seed * 7919 + step);
    double wrong = mistakes(step, steps);
    double n = 0;
    double right = 0;
    double sampled = 0;
    double needed = 0;
    double fallbacks = 0;
    for (SampleTree tree : batch) {
      n += tree.trajectories().size();
      right += tree.trajectories().stream().filter(t -> t.correct).count();
      sampled += tree.sampledTokens();
      needed += tree.trajectoryTokens();
      fallbacks += tree.fallbacks();
    }
    double noise = random.nextDouble() - 0.5;
    double sampling = 1.1 + 0.2 * noise;
    double update = 0.9 + 0.1 * random.nextDouble();
    double seconds = sampling + update + 0.5;
    ObjectNode row = JSON.createObjectNode().put("step", step).put("seconds", seconds);
    row.put("reward_mean", right / n).put("accuracy", right / n);
    if (step % 10 == 0 || step == 1) {
      row.put("eval_accuracy", Math.pow(1 - wrong, 4.2) - 0.02 * random.nextDouble());
    }
    row.put("entropy", 1.6 * wrong + 0.05 + 0.02 * noise)
        .put("kl", 0.02 * step / steps + 0.004 * random.nextDouble())
        .put("clip_fraction", 0.01 + 0.03 * wrong + 0.004 * random.nextDouble())
        .put("dual_clip_fraction", 0.0004 * random.nextDouble())
        .put("ratio_mean", 1 + 0.004 * noise)
        .put("loss", -0.02 * wrong + 0.004 * noise)
        .put("gradient_norm", 0.3 + 2.5 * wrong + 0.2 * random.nextDouble())
        .put("learning_rate", 3e-4 * Math.min(1, step / 10.0))
        .put("response_tokens_mean", needed / n)
        .put("sampled_tokens", sampled)
        .put("trajectory_tokens", needed)
        .put("sharing_ratio", sampled / needed)
        .put("unique_training_tokens", sampled)
        .put("flattened_training_tokens", needed)
        .put("trajectories", n)
        .put("fallbacks", fallbacks)
        .put("logprob_mismatch", 1e-6 + 2e-6 * random.nextDouble())
        .put("sampling_seconds", sampling)
        .put("reward_seconds", 0.02)
        .put("scoring_seconds", 0.45)
        .put("update_seconds", update)
        .put("tokens_per_second", needed / seconds);
    for (String finish : List.of("ANSWERED", "EOS", "MAX_DEPTH", "REPETITION")) {
      row.put(
          "finish_" + finish.toLowerCase(java.util.Locale.ROOT),
          batch.stream()
              .flatMap(tree -> tree.trajectories().stream())
              .filter(t -> t.finish.equals(finish))
              .count());
    }
    return row;
  }
}
