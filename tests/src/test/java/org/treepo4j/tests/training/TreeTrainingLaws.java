package org.treepo4j.tests.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.rl.advantage.TreePoEstimator;
import org.treepo4j.rl.loss.Aggregation;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossResult;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;
import org.treepo4j.rl.loss.LossSettings.PolicyForm;
import org.treepo4j.rl.loss.LossStatistics;
import org.treepo4j.rl.loss.MicroBatch;
import org.treepo4j.rl.loss.Packing;
import org.treepo4j.rl.loss.RolloutCorrection;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.loss.TreeObjective;
import org.treepo4j.rollout.RolloutTree;

/**
 * Trees trained as trees, alone or merged with others that begin alike, are trained as their
 * flattened trajectories would be, on any engine. Few tries, for engines that compile graphs; a
 * fast engine overrides them with more.
 */
abstract class TreeTrainingLaws {
  private static final int MINI_BATCHES = 2;
  private static final int TREES_PER_MINI_BATCH = 2;

  /** Opens the engine under test. */
  abstract CausalLm open(Weights weights);

  /** The loss of a mini-batch and the gradient it left on the weights. */
  private record Outcome(double loss, LossStatistics statistics, Map<String, float[]> gradient) {}

  @Property(tries = 3, edgeCases = EdgeCasesMode.NONE)
  void lossAndWeightGradientOfTreesAreThoseOfTheirFlattenedTrajectories(
      @ForAll long seed,
      @ForAll Aggregation aggregation,
      @ForAll boolean withEntropy,
      @ForAll PolicyForm policy) {
    LossSettings settings = settings(aggregation, withEntropy ? 0.05 : 0, policy);
    try (CausalLm model = open(TrainingCases.weights(seed))) {
      AdamW optimizer = new AdamW(model.weights(), 0.9, 0.999, 1e-8, 0);
      List<TrainingTree> batch = batch(model, seed);
      boolean onPolicy = true;
      for (List<TrainingTree> miniBatch : Packing.bySize(batch, TREES_PER_MINI_BATCH)) {
        Outcome flattened = run(model, settings, miniBatch, flattened(miniBatch), 40);
        for (List<TrainingTree> items : List.of(miniBatch, merged(miniBatch))) {
          Outcome trees = run(model, settings, miniBatch, items, Integer.MAX_VALUE);
          assertThat(trees.loss()).isCloseTo(flattened.loss(), within(1e-4));
          assertThat(trees.statistics().tokens()).isEqualTo(flattened.statistics().tokens());
          assertSameGradient(trees.gradient(), flattened.gradient());
        }
        assertThat(largestLogRatio(model, miniBatch) > 1e-3).isEqualTo(!onPolicy);
        optimizer.step(3e-3);
        model.weightsChanged();
        onPolicy = false;
      }
    }
  }

  @Property(tries = 2, edgeCases = EdgeCasesMode.NONE)
  void weightGradientDoesNotDependOnTheSplitIntoMicroBatches(
      @ForAll long seed, @ForAll Aggregation aggregation, @ForAll PolicyForm policy) {
    LossSettings settings = settings(aggregation, 0.05, policy);
    try (CausalLm model = open(TrainingCases.weights(seed))) {
      List<TrainingTree> batch = batch(model, seed);
      Outcome whole = run(model, settings, batch, batch, Integer.MAX_VALUE);
      Outcome split = run(model, settings, batch, batch, 1);
      assertThat(split.loss()).isCloseTo(whole.loss(), within(1e-4));
      assertSameGradient(split.gradient(), whole.gradient());
    }
  }

  private static LossSettings settings(
      Aggregation aggregation, double entropyCoefficient, PolicyForm policy) {
    return Settings.of(LossSettings.class)
        .set("policy", policy)
        .set("normLength", 12)
        .set("aggregation", aggregation)
        .set("kl", KlPlacement.LOSS)
        .set("klCoefficient", 0.1)
        .set("entropyCoefficient", entropyCoefficient)
        .set("rolloutCorrection", RolloutCorrection.TRUNCATE)
        .build();
  }

  /** A sampler that is surer of its tokens; the same for a token of several trees. */
  private static float[] surer(float[] logprobs) {
    float[] others = new float[logprobs.length];
    for (int t = 0; t < others.length; t++) {
      others[t] = 0.9f * logprobs[t];
    }
    return others;
  }

  /** Trees scored by the model as it is; the reference is another model. */
  private List<TrainingTree> batch(CausalLm model, long seed) {
    List<RolloutTree> rollouts =
        TrainingCases.batch(MINI_BATCHES * TREES_PER_MINI_BATCH, new Random(seed));
    double[][][] advantages =
        new TreePoEstimator(TreePoEstimator.Weighting.AVERAGE, false).advantages(rollouts);
    List<TokenTree> tokens = rollouts.stream().map(RolloutTree::toTokenTree).toList();
    List<TrainingTree> batch = new ArrayList<>();
    try (CausalLm reference = open(TrainingCases.weights(seed + 1));
        ForwardPass old = model.forward(tokens, ForwardOptions.SCORE);
        ForwardPass other = reference.forward(tokens, ForwardOptions.SCORE)) {
      for (int i = 0; i < rollouts.size(); i++) {
        batch.add(
            TrainingTree.of(rollouts.get(i), advantages[i], old.logprobs(i), other.logprobs(i))
                .withBehaviourLogprobs(surer(old.logprobs(i))));
      }
    }
    return batch;
  }

  private static double largestLogRatio(CausalLm model, List<TrainingTree> trees) {
    double largest = 0;
    List<TokenTree> tokens = trees.stream().map(TrainingTree::tokens).toList();
    try (ForwardPass pass = model.forward(tokens, ForwardOptions.SCORE)) {
      for (int i = 0; i < trees.size(); i++) {
        float[] logprobs = pass.logprobs(i);
        for (int token = 0; token < logprobs.length; token++) {
          double logRatio = (double) logprobs[token] - trees.get(i).oldLogprobs()[token];
          largest = Math.max(largest, Math.abs(logRatio));
        }
      }
    }
    return largest;
  }

  /** Trees of prompts that begin alike as one tree. */
  private static List<TrainingTree> merged(List<TrainingTree> trees) {
    List<TokenTree> tokens = trees.stream().map(TrainingTree::tokens).toList();
    return MicroBatch.split(tokens, Integer.MAX_VALUE).get(0).merge(trees);
  }

  private static List<TrainingTree> flattened(List<TrainingTree> trees) {
    return trees.stream().flatMap(tree -> tree.flattened().stream()).toList();
  }

  /**
   * @param items the mini-batch as it is computed: its trees, or their flattened trajectories
   */
  private static Outcome run(
      CausalLm model,
      LossSettings settings,
      List<TrainingTree> miniBatch,
      List<TrainingTree> items,
      int microBatchTokens) {
    model.weights().zeroGradients();
    TreeObjective objective = new TreeObjective(settings, LossNormalizer.of(miniBatch));
    double loss = 0;
    LossStatistics statistics = LossStatistics.NONE;
    for (List<TrainingTree> microBatch :
        Packing.byBudget(items, TrainingTree::uniqueTokens, microBatchTokens)) {
      List<TokenTree> tokens = microBatch.stream().map(TrainingTree::tokens).toList();
      try (ForwardPass pass = model.forward(tokens, ForwardOptions.TRAIN)) {
        LossResult result = objective.evaluate(microBatch, pass);
        pass.backward(result.dLogprob(), result.dEntropy());
        loss += result.loss();
        statistics = statistics.plus(result.statistics());
      }
    }
    Map<String, float[]> gradient = new LinkedHashMap<>();
    model
        .weights()
        .parameters()
        .forEach(parameter -> gradient.put(parameter.name(), parameter.gradient().clone()));
    return new Outcome(loss, statistics, gradient);
  }

  private static void assertSameGradient(
      Map<String, float[]> actual, Map<String, float[]> expected) {
    expected.forEach(
        (name, values) -> {
          double difference = 0;
          double norm = 0;
          for (int i = 0; i < values.length; i++) {
            difference += Math.pow((double) values[i] - actual.get(name)[i], 2);
            norm += (double) values[i] * values[i];
          }
          assertThat(Math.sqrt(difference))
              .as("gradient of %s, whose norm is %s", name, Math.sqrt(norm))
              .isLessThanOrEqualTo(2e-4 * Math.sqrt(norm) + 1e-6);
        });
  }
}
