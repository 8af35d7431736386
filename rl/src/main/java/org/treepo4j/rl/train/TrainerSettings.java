package org.treepo4j.rl.train;

import org.treepo4j.base.settings.Setting;

/** The loop of a run (algorithm page, sections 4 and 5). */
public record TrainerSettings(
    @Setting(value = "rollout-and-update rounds", mayChange = true, max = 1e7) int steps,
    @Setting(
            value =
                "end the run with the step that has sampled so many tokens for training, each counted"
                    + " once; 0 for no limit",
            mayChange = true)
        long maxSampledTokens,
    @Setting(
            value = "prompts, and so trees, per step (recipe: data.train_batch_size, 512)",
            max = 1 << 14)
        int promptsPerStep,
    @Setting(
            value =
                "prompts per optimiser update, 0 for all of the step (recipe: ppo_mini_batch_size, 32)",
            max = 1 << 14)
        int miniBatchPrompts,
    @Setting(value = "times every batch is trained on (recipe: ppo_epochs, 1)", max = 1e3)
        int epochsPerBatch,
    @Setting(
            value = "unique tokens per forward and backward pass; bounds memory, not the result",
            mayChange = true,
            max = 1 << 26)
        int microBatchTokens,
    @Setting(
            "runs of trees whose gradients are computed apart and added in order; decides the last"
                + " bits of a result. On a cluster: a few times the executors")
        int shards,
    @Setting(
            value =
                "compute shared tokens once; false trains every trajectory alone, with the same result",
            mayChange = true)
        boolean treeTraining,
    @Setting(
            "experts of a mixture that the update sends tokens to: replay has those chosen while"
                + " sampling, recompute chooses anew; nothing in dense models")
        Routing routing,
    @Setting("replace prompts whose trajectories all have one score (DAPO: filter_groups)")
        boolean dynamicSampling,
    @Setting(
            value =
                "rounds of sampling until a step has its prompts (recipe: max_num_gen_batches, 10)",
            mayChange = true,
            max = 1e4)
        int maxGenerationBatches,
    @Setting(
            value = "train on what there is when a step stays short, instead of ending the run",
            mayChange = true)
        boolean trainOnShortBatch,
    @Setting(
            value = "updates in a row that may be skipped for a NaN or infinite gradient",
            mayChange = true,
            max = 1e6)
        int maxSkippedUpdates,
    @Setting(
            value = "trees per step written to RUN_DIR/trees for inspection",
            mayChange = true,
            max = 1 << 14)
        int treesKept) {

  /** Which experts a training pass sends the tokens of a mixture to. */
  public enum Routing {
    /** Those that the sampler chose; the frozen reference policy has its own. */
    REPLAY,
    /** Those that the present weights choose. */
    RECOMPUTE
  }

  public static TrainerSettings defaults() {
    return new TrainerSettings(
        200, 0, 16, 0, 1, 16_384, 1, true, Routing.REPLAY, true, 10, false, 3, 2);
  }

  public TrainerSettings {
    positive("steps", steps);
    if (maxSampledTokens < 0) {
      throw new IllegalArgumentException(
          "maxSampledTokens must not be negative, was " + maxSampledTokens);
    }
    positive("promptsPerStep", promptsPerStep);
    if (miniBatchPrompts < 0 || miniBatchPrompts > promptsPerStep) {
      throw new IllegalArgumentException(
          "miniBatchPrompts must be in 0..promptsPerStep, was " + miniBatchPrompts);
    }
    positive("epochsPerBatch", epochsPerBatch);
    positive("microBatchTokens", microBatchTokens);
    positive("shards", shards);
    if (routing == null) {
      throw new IllegalArgumentException("routing must be given");
    }
    positive("maxGenerationBatches", maxGenerationBatches);
    positive("maxSkippedUpdates", maxSkippedUpdates);
    if (treesKept < 0) {
      throw new IllegalArgumentException("treesKept must not be negative, was " + treesKept);
    }
  }

  /** Trees per optimiser update. */
  public int updatePrompts() {
    return miniBatchPrompts == 0 ? promptsPerStep : miniBatchPrompts;
  }

  /** Optimiser updates of a full step. */
  public int updatesPerStep() {
    return epochsPerBatch * ((promptsPerStep + updatePrompts() - 1) / updatePrompts());
  }

  private static void positive(String name, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive, was " + value);
    }
  }
}
