package org.treepo4j.rl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.engines.vector.VectorCausalLm;
import org.treepo4j.engines.vector.VectorOptions;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.WeightStorage;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.run.CheckpointSettings;
import org.treepo4j.rl.run.FullPolicy;
import org.treepo4j.rl.sampling.EvaluationSettings;
import org.treepo4j.rl.train.TrainerSettings.Routing;

/** Which experts of a mixture the update sends sampled tokens to. */
class RoutingTest {
  private static final Experts EXPERTS = new Experts(7, 2, 8, true);
  private static final int PER_TOKEN = 2 * EXPERTS.perToken();
  private static final ModelConfig CONFIG =
      new ModelConfig(
              Architecture.QWEN3_MOE,
              LetterTokenizer.VOCABULARY,
              16,
              2,
              2,
              1,
              8,
              16,
              32,
              1e-6,
              10_000,
              RopeScaling.NONE,
              false,
              false,
              true,
              true,
              -1,
              List.of(0))
          .withDesign(Design.PLAIN.withExperts(EXPERTS));

  @TempDir Path output;

  /** A policy that notes which trees its passes got and which experts they took. */
  private static final class Watched implements CausalLm {
    private final CausalLm model;
    private final List<TokenTree> given = new ArrayList<>();
    private final List<short[]> taken = new ArrayList<>();

    /** Tokens that would have gone elsewhere. */
    private int tipped;

    Watched(WeightStorage sampledIn) {
      model = new VectorCausalLm(RandomWeights.create(CONFIG, 3), VectorOptions.of(1, sampledIn));
    }

    @Override
    public ForwardPass forward(List<TokenTree> trees, ForwardOptions options) {
      List<TokenTree> free = trees.stream().map(tree -> tree.withExperts(null)).toList();
      try (ForwardPass chosen = model.forward(free, ForwardOptions.SCORE)) {
        for (int t = 0; t < trees.size(); t++) {
          tipped += differing(trees.get(t).experts(), chosen.experts(t));
        }
      }
      ForwardPass pass = model.forward(trees, options);
      for (int t = 0; t < trees.size(); t++) {
        given.add(trees.get(t));
        taken.add(pass.experts(t));
      }
      return pass;
    }

    @Override
    public ModelConfig config() {
      return model.config();
    }

    @Override
    public Weights weights() {
      return model.weights();
    }

    @Override
    public void weightsChanged() {
      model.weightsChanged();
    }

    @Override
    public BranchingDecoder decoder(DecoderOptions options) {
      return model.decoder(options);
    }

    @Override
    public void close() {
      model.close();
    }
  }

  /** Tokens whose experts are named and are others. */
  private static int differing(short[] named, short[] others) {
    int count = 0;
    for (int from = 0; named != null && from < named.length; from += PER_TOKEN) {
      int to = from + PER_TOKEN;
      boolean same = Arrays.equals(named, from, to, others, from, to);
      count += named[from] < 0 || same ? 0 : 1;
    }
    return count;
  }

  @Test
  void everyPassOfTheUpdateTakesTheExpertsOfASamplerThatRoundsOtherwise() throws IOException {
    try (Watched policy = new Watched(WeightStorage.BF16)) {
      run(policy, settings(Routing.REPLAY));
      assertThat(policy.given).isNotEmpty().allMatch(tree -> tree.experts() != null);
      for (int i = 0; i < policy.given.size(); i++) {
        assertThat(differing(policy.given.get(i).experts(), policy.taken.get(i))).isZero();
        assertThat(unknown(policy.given.get(i))).isZero();
      }
      assertThat(policy.tipped).isPositive();
    }
  }

  /** Tokens behind which there are others, and whose experts are not known. */
  private static int unknown(TokenTree tree) {
    boolean[] continued = new boolean[tree.size()];
    Arrays.stream(tree.parents()).filter(parent -> parent >= 0).forEach(p -> continued[p] = true);
    int count = 0;
    for (int token = 0; token < tree.size(); token++) {
      count += continued[token] && tree.experts()[token * PER_TOKEN] < 0 ? 1 : 0;
    }
    return count;
  }

  @Test
  void recomputingLeavesTheChoiceToEveryPass() throws IOException {
    try (Watched policy = new Watched(WeightStorage.BF16)) {
      run(policy, settings(Routing.RECOMPUTE));
      assertThat(policy.given).isNotEmpty().allMatch(tree -> tree.experts() == null);
    }
  }

  @Test
  void theFrozenReferenceChoosesItsOwnExperts() throws IOException {
    TrainSettings settings =
        Settings.of(settings(Routing.REPLAY)).set("loss.kl", KlPlacement.LOSS).build();
    try (Watched policy = new Watched(WeightStorage.F32);
        Watched reference = new Watched(WeightStorage.F32)) {
      Trainer.Parts parts = parts(settings, policy, Optional.of(reference));
      new Trainer(settings, parts, new TinyTraining.Listener()).run(Optional.empty());
      assertThat(policy.given).allMatch(tree -> tree.experts() != null);
      assertThat(reference.given).isNotEmpty().allMatch(tree -> tree.experts() == null);
    }
  }

  /** With one update a step: behind it the weights choose otherwise. */
  @Test
  void whereSamplingAndTrainingRoundAlikeReplayIsRecomputeBitForBit() throws IOException {
    List<float[]> replayed;
    try (Watched policy = new Watched(WeightStorage.F32)) {
      run(policy, oneUpdate(Routing.REPLAY));
      assertThat(policy.tipped).isZero();
      replayed = values(policy);
    }
    try (Watched policy = new Watched(WeightStorage.F32)) {
      run(policy, oneUpdate(Routing.RECOMPUTE));
      List<float[]> recomputed = values(policy);
      for (int p = 0; p < replayed.size(); p++) {
        assertThat(recomputed.get(p)).isEqualTo(replayed.get(p));
      }
    }
  }

  /** Merged where prompts begin alike, tree by tree, and flattened: experts go along. */
  @Property(tries = 20)
  void treesWithExpertsAreTrainedAsTheirFlattenedTrajectories(@ForAll long seed) {
    Random random = new Random(seed);
    TokenTree first = routed(chainWithFork(random, 1), random);
    TokenTree second = routed(chainWithFork(random, 2), random);
    // The same beginning is computed once, so it has one choice of experts.
    System.arraycopy(first.experts(), 0, second.experts(), 0, 10 * PER_TOKEN);
    List<TrainingTree> trees = List.of(training(first, random), training(second, random));
    List<float[]> merged = gradient(trees, true);
    List<float[]> flattened = gradient(trees, false);
    List<float[]> free =
        gradient(
            trees.stream()
                .map(
                    tree ->
                        new TrainingTree(
                            tree.tokens().withExperts(null),
                            tree.paths(),
                            tree.advantages(),
                            tree.oldLogprobs(),
                            null))
                .toList(),
            true);
    double others = 0;
    for (int p = 0; p < merged.size(); p++) {
      assertThat(merged.get(p)).containsExactly(flattened.get(p), within(1e-5f));
      for (int i = 0; i < merged.get(p).length; i++) {
        others = Math.max(others, Math.abs(merged.get(p)[i] - free.get(p)[i]));
      }
    }
    assertThat(others).isGreaterThan(1e-4);
  }

  /** Ten tokens that are always the same, and two responses. */
  private static TokenTree chainWithFork(Random random, int last) {
    int[] tokens = new int[14];
    int[] parents = new int[14];
    Arrays.setAll(tokens, i -> i < 10 ? 1 : 2 + random.nextInt(5));
    Arrays.setAll(parents, i -> i - 1);
    parents[13] = 10;
    tokens[10] = 2 + last;
    return TokenTree.of(tokens, parents);
  }

  private static TokenTree routed(TokenTree tree, Random random) {
    short[] experts = new short[tree.size() * PER_TOKEN];
    for (int i = 0; i < experts.length; i += 2) {
      experts[i] = (short) random.nextInt(EXPERTS.count());
      experts[i + 1] = (short) ((experts[i] + 1 + random.nextInt(6)) % EXPERTS.count());
    }
    return tree.withExperts(experts);
  }

  private static TrainingTree training(TokenTree tree, Random random) {
    double advantage = 1 + random.nextDouble();
    return new TrainingTree(
        tree,
        new int[][] {{10, 11, 12}, {10, 13}},
        new double[][] {{advantage, advantage, advantage}, {-0.5, -0.5}},
        new float[tree.size()],
        null);
  }

  private static List<float[]> gradient(List<TrainingTree> trees, boolean treeTraining) {
    TrainerSettings loop =
        Settings.of(TinyTraining.loop(1, 1, false)).set("treeTraining", treeTraining).build();
    Weights weights = RandomWeights.create(CONFIG, 3);
    weights.parameters().stream()
        .filter(parameter -> parameter.shape().length == 2)
        .forEach(
            parameter -> {
              for (int i = 0; i < parameter.values().length; i++) {
                parameter.values()[i] *= 20;
              }
            });
    try (CausalLm model = TinyTraining.model(weights)) {
      new ShardPass(LossSettings.defaults(), loop, 1)
          .gradient(model, trees, LossNormalizer.of(trees), true);
      return weights.parameters().stream().map(parameter -> parameter.gradient().clone()).toList();
    }
  }

  private TrainSettings settings(Routing routing) {
    TrainerSettings loop =
        Settings.of(TinyTraining.loop(2, 10, false))
            .set("routing", routing)
            .set("epochsPerBatch", 2)
            .set("microBatchTokens", 60)
            .set("shards", 2)
            .build();
    return TinyTraining.settings(
        output.resolve(routing.name()),
        loop,
        EvaluationSettings.defaults(),
        new CheckpointSettings(0, 1));
  }

  private TrainSettings oneUpdate(Routing routing) {
    return Settings.of(settings(routing))
        .set("trainer.epochsPerBatch", 1)
        .set("trainer.miniBatchPrompts", 0)
        .set("trainer.steps", 4)
        .set("trainer.treesKept", 0) // they are scored with the weights after the update
        .build();
  }

  private static void run(CausalLm model, TrainSettings settings) throws IOException {
    Trainer.Parts parts = parts(settings, model, Optional.empty());
    new Trainer(settings, parts, new TinyTraining.Listener()).run(Optional.empty());
  }

  private static Trainer.Parts parts(
      TrainSettings settings, CausalLm model, Optional<CausalLm> reference) {
    FullPolicy policy = new FullPolicy(model, settings.output());
    return TinyTraining.parts(settings, policy, reference, TinyTraining.LENGTH, List.of());
  }

  private static List<float[]> values(CausalLm model) {
    return model.weights().parameters().stream().map(p -> p.values().clone()).toList();
  }
}
