package org.treepo4j.rl.train;

import java.util.Arrays;
import java.util.Map;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.engine.Engine;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.MemoryNeed;
import org.treepo4j.rollout.RolloutSettings;

/**
 * The memory a run needs with the engine of its settings, in bytes, known before any weight is
 * loaded.
 *
 * @param parameters numbers in the model
 * @param trained numbers the optimiser changes
 * @param weights of the policy, in float32, adapters included
 * @param frozenBase the matrices that have adapters
 * @param reference the frozen policy of KL terms
 * @param gradients of all that is trained; with several shards, their sum besides
 * @param optimizer two moments of all that is trained
 * @param engineCopy copies of weights that engines hold all the time; of the vector engine, an
 *     output matrix that has an adapter, merged, and its gradient
 * @param decoderWeights the matrices as sampling reads them, held meanwhile
 * @param activations of a full micro-batch
 * @param largestTree activations of a tree whose trajectories are all of the greatest length and
 *     share nothing but the prompt; a tree is not split, so it may exceed a micro-batch
 * @param cache keys and values of a step's trees, should all be as large as that, and states of
 *     their paths; sampling makes do with half of the JVM's memory
 */
public record MemoryEstimate(
    long parameters,
    long trained,
    long weights,
    long frozenBase,
    long reference,
    long gradients,
    long optimizer,
    long engineCopy,
    long decoderWeights,
    long activations,
    long largestTree,
    long cache) {

  /** {@link TensorNames#HEAD} as adapters name it. */
  private static final String HEAD_MODULE = "lm_head";

  /**
   * @param longestPrompt tokens of the longest prompt
   * @throws IllegalArgumentException when adapters are for projections the model does not have
   */
  public static MemoryEstimate of(TrainSettings settings, ModelConfig config, int longestPrompt) {
    return of(settings, config, config, longestPrompt);
  }

  /**
   * @param referenceConfig of the frozen policy of KL terms, should the settings ask for one
   * @param longestPrompt tokens of the longest prompt
   * @throws IllegalArgumentException when adapters are for projections the model does not have
   */
  public static MemoryEstimate of(
      TrainSettings settings, ModelConfig config, ModelConfig referenceConfig, int longestPrompt) {
    Map<String, int[]> shapes = TensorNames.shapes(config);
    long parameters = parameters(config);
    long adapted = 0;
    long adapters = 0;
    LoraSettings lora = settings.lora().of(config);
    if (lora.enabled()) {
      for (String target : lora.targetModules()) {
        String suffix = "." + target + ".weight";
        long before = adapted;
        for (Map.Entry<String, int[]> tensor : shapes.entrySet()) {
          if (("." + tensor.getKey()).endsWith(suffix)) {
            int[] shape = tensor.getValue();
            adapted += size(shape);
            adapters += (long) lora.rank() * (shape[0] + shape[1]);
          }
        }
        if (adapted == before) {
          throw new IllegalArgumentException(
              "lora.targetModules must name projections of the model, which has no " + target);
        }
      }
    }
    long trained = lora.enabled() ? adapters : parameters;
    long tree = treeTokens(settings.rollout(), config, longestPrompt);
    int prompts = settings.trainer().promptsPerStep();
    long microBatch = Math.min(prompts * tree, settings.trainer().microBatchTokens());
    Engine trainer = Engines.choose(settings.training(), config);
    Engine sampler = Engines.choose(settings.sampling(), config);
    boolean adaptedHead = lora.enabled() && lora.targetModules().contains(HEAD_MODULE);
    Engine.Memory training =
        trainer.memory(config, settings.training(), new Engine.Trained(trained, adaptedHead));
    Engine.Memory sampling = sampler.memory(config, settings.sampling(), Engine.Trained.NOTHING);
    return new MemoryEstimate(
        parameters,
        trained,
        Float.BYTES * (parameters - adapted + adapters),
        adapted * (lora.bf16Base() ? Short.BYTES : Float.BYTES),
        settings.loss().needsReference() ? Float.BYTES * parameters(referenceConfig) : 0,
        Float.BYTES * trained * (settings.trainer().shards() > 1 ? 2 : 1),
        2L * Float.BYTES * trained,
        training.copy() + (sampler.name().equals(trainer.name()) ? 0 : sampling.copy()),
        sampling.decoderWeights(),
        training.training(microBatch),
        training.training(tree),
        prompts
            * (tree * sampling.cachedToken()
                + (1L + settings.rollout().maxWidth()) * sampling.cachedPath()));
  }

  /** Most tokens of a tree whose trajectories share nothing but the prompt. */
  private static long treeTokens(RolloutSettings rollout, ModelConfig config, int longestPrompt) {
    long response =
        Math.min(
            Math.min(
                rollout.maxResponseTokens(), (long) rollout.segmentLength() * rollout.maxDepth()),
            config.maxPositions() - (long) longestPrompt);
    return longestPrompt + rollout.maxWidth() * response;
  }

  private static long parameters(ModelConfig config) {
    return TensorNames.shapes(config).values().stream().mapToLong(MemoryEstimate::size).sum();
  }

  private static long size(int[] shape) {
    return Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
  }

  /** What is there from the first to the last step. */
  public long standing() {
    return weights + frozenBase + reference + gradients + optimizer + engineCopy;
  }

  /** What a run surely comes to, be it while sampling or while updating. */
  public long needed() {
    return standing() + Math.max(decoderWeights, activations);
  }

  /** What a worker of a cluster surely comes to, which leaves the optimiser to others. */
  public long ofWorker() {
    return needed() - optimizer;
  }

  /**
   * What the driver of a cluster surely comes to, which samples and scores nothing: the policy,
   * gradients and optimiser, and what it sends as it was read: what is trained, with adapters the
   * base too, and the frozen policy.
   */
  public long ofDriver() {
    long base = trained < parameters ? Float.BYTES * parameters : 0;
    return weights
        + frozenBase
        + engineCopy
        + gradients
        + optimizer
        + Float.BYTES * trained
        + Math.max(base, reference); // the two are often one
  }

  /**
   * @param limit bytes the driver's JVM may use
   * @throws InputException for a run on a cluster whose driver would end for want of memory
   */
  public void requireOnDriver(long limit) {
    if (ofDriver() > limit) {
      throw new InputException(
          "memory: the driver needs about %s (weights, gradients, optimizer, what goes to executors), its JVM may use %s; set lora.rank, or give it more (TREEPO_JAVA_OPTS=-Xmx…)"
              .formatted(MemoryNeed.gigabytes(ofDriver()), MemoryNeed.gigabytes(limit)));
    }
  }

  /**
   * @param limit bytes the JVM may use
   * @throws InputException for a run that would end for want of memory
   */
  public void require(long limit) {
    if (needed() > limit) {
      throw new InputException(
          "memory: training needs about %s (%s of it activations), the JVM may use %s; lower trainer.microBatchTokens, set weights=bf16 or lora.rank, or give the JVM more (TREEPO_JAVA_OPTS=-Xmx…)"
              .formatted(
                  MemoryNeed.gigabytes(needed()),
                  MemoryNeed.gigabytes(activations),
                  MemoryNeed.gigabytes(limit)));
    }
  }

  /** What it comes to where trees grow as large as they may. */
  public long atMost() {
    return standing() + Math.max(decoderWeights, Math.max(activations, largestTree));
  }
}
