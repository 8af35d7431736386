package org.treepo4j.rl.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.loss.Distillation;
import org.treepo4j.rl.loss.KlPenalty;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.run.WeightUpdate;
import org.treepo4j.rl.sampling.ScoredTree;
import org.treepo4j.rl.train.PolicyPasses.Model;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.SamplingSettings;

/** From sampled and rewarded trees to a better policy: advantages, loss, updates. */
public final class TrainingStep {
  private final PolicyPasses passes;
  private final AdvantageEstimator estimator;
  private final LossSettings loss;
  private final PolicyUpdate update;
  private final SamplingSettings sampling;
  private final int updatesPerStep;

  /**
   * What a step did.
   *
   * @param trees that were trained on
   * @param advantages of these, {@code [tree][trajectory][response token]}
   * @param training the same trees as they were handed to the update: without trajectories that
   *     take no part in the loss, and without trees that have no other
   * @param update what the updates did
   * @param mismatch mean distance of the recorded from the computed log-probabilities of tokens, in
   *     nats
   * @param sequenceMismatch the same of whole responses
   * @param scoringSeconds time spent on passes without gradients
   * @param updateSeconds time spent on updates
   */
  public record Outcome(
      List<ScoredTree> trees,
      double[][][] advantages,
      List<TrainingTree> training,
      Update update,
      double mismatch,
      double sequenceMismatch,
      double scoringSeconds,
      double updateSeconds) {

    /** Of a step that had nothing to learn from. */
    static final Outcome NOTHING =
        new Outcome(
            List.of(), new double[0][][], List.of(), Update.NONE, Double.NaN, Double.NaN, 0, 0);
  }

  /**
   * What a batch's updates did.
   *
   * @param loss mean over the updates
   * @param passes summed over all updates
   * @param gradientNorm mean over the updates that were not skipped
   * @param learningRate of the last update
   * @param updates how many there were
   * @param skipped updates whose gradient was thrown away
   * @param optimizerSeconds time spent on clipping and changing weights
   */
  public record Update(
      double loss,
      ShardPass.Outcome passes,
      double gradientNorm,
      double learningRate,
      int updates,
      int skipped,
      double optimizerSeconds) {

    private static final Update NONE =
        new Update(Double.NaN, ShardPass.Outcome.NONE, Double.NaN, Double.NaN, 0, 0, 0);
  }

  /**
   * Log-probabilities of a step's trees from passes without gradients, {@code [trees][unique
   * token]}.
   *
   * @param old under the policy before the step; empty where the update takes those of its own pass
   * @param reference under the frozen policy; empty where the settings ask for none
   */
  private record Logprobs(Optional<List<float[]>> old, Optional<List<float[]>> reference) {

    /** Asked for only where the loss needs them beforehand, or several updates follow. */
    float[] old(int tree) {
      return old.orElseThrow().get(tree);
    }

    Optional<float[]> reference(int tree) {
      return reference.map(trees -> trees.get(tree));
    }
  }

  /**
   * @param passes of the policy, and of the frozen one where the settings ask for KL terms
   * @param weightUpdate of the policy
   */
  public TrainingStep(
      PolicyPasses passes,
      AdvantageEstimator estimator,
      TrainSettings settings,
      WeightUpdate weightUpdate) {
    this.passes = passes;
    this.estimator = estimator;
    this.loss = settings.effectiveLoss();
    this.sampling = settings.rollout().sampling();
    this.updatesPerStep = settings.trainer().updatesPerStep();
    this.update = new PolicyUpdate(passes, weightUpdate, settings.trainer());
  }

  /**
   * Trains the policy on trees.
   *
   * @param step 1 for the first
   * @param scored at least one tree
   */
  public Outcome train(long step, List<ScoredTree> scored) {
    long began = System.nanoTime();
    boolean onPolicy = update.onPolicy(scored.size()) && !loss.needsOldBeforehand();
    Logprobs logprobs = logprobs(scored, onPolicy);
    double scoringSeconds = (System.nanoTime() - began) / 1e9;

    List<RolloutTree> rewarded = rewarded(scored, logprobs);
    double[][][] advantages = advantages(rewarded, logprobs);
    LogprobMismatch mismatch = LogprobMismatch.NONE;
    List<TrainingTree> trees = new ArrayList<>();
    for (int i = 0; i < scored.size(); i++) {
      TrainingTree asSampled = asSampled(rewarded.get(i), advantages[i], logprobs.reference(i));
      if (asSampled.trajectories() == 0) {
        continue;
      }
      if (!onPolicy) {
        mismatch = mismatch.plus(LogprobMismatch.of(asSampled, logprobs.old(i)));
      }
      trees.add(onPolicy ? asSampled : asSampled.withOldLogprobs(logprobs.old(i)));
    }
    began = System.nanoTime();
    long firstUpdate = (step - 1) * updatesPerStep;
    Update done = Update.NONE;
    if (!trees.isEmpty()) {
      done = update.run(trees, firstUpdate, onPolicy);
      mismatch = mismatch.plus(done.passes().mismatch());
    }
    double updateSeconds = (System.nanoTime() - began) / 1e9;
    return new Outcome(
        scored,
        advantages,
        trees,
        done,
        mismatch.perToken(),
        mismatch.perSequence(),
        scoringSeconds,
        updateSeconds);
  }

  /** The passes without gradients that a step needs. */
  private Logprobs logprobs(List<ScoredTree> scored, boolean onPolicy) {
    List<TokenTree> trees = scored.stream().map(tree -> tree.tree().toTokenTree()).toList();
    Optional<List<float[]>> reference = Optional.empty();
    if (loss.needsReference()) {
      // A model of its own: it may have other experts, and chooses its own.
      List<TokenTree> free = trees.stream().map(tree -> tree.withExperts(null)).toList();
      reference = Optional.of(passes.logprobs(Model.REFERENCE, free));
    }
    return new Logprobs(onPolicy ? Optional.empty() : Optional.of(logprobs(trees)), reference);
  }

  private double[][][] advantages(List<RolloutTree> trees, Logprobs logprobs) {
    double[][][] advantages = estimator.checked().advantages(trees);
    if (loss.kl() == KlPlacement.ADVANTAGE) {
      Distillation distillation =
          new Distillation(loss.klCoefficient(), loss.advantageCoefficient());
      for (int i = 0; i < advantages.length; i++) {
        advantages[i] =
            distillation.apply(
                trees.get(i), advantages[i], logprobs.old(i), logprobs.reference(i).orElseThrow());
      }
    }
    return advantages;
  }

  /** The trajectories of a tree that take part in the loss, with what the sampler recorded. */
  private TrainingTree asSampled(
      RolloutTree tree, double[][] advantages, Optional<float[]> ofReference) {
    int[] learned =
        IntStream.range(0, advantages.length)
            .filter(i -> loss.takesPart(tree, tree.trajectories().get(i)))
            .toArray();
    TrainingTree asSampled =
        TrainingTree.of(
            tree.withTrajectories(
                Arrays.stream(learned).mapToObj(i -> tree.trajectories().get(i)).toList()),
            Arrays.stream(learned).mapToObj(i -> advantages[i]).toArray(double[][]::new),
            LogprobMismatch.recorded(tree, sampling),
            ofReference.orElse(null));
    return loss.needsBehaviour()
        ? asSampled.withBehaviourLogprobs(LogprobMismatch.behaviour(tree))
        : asSampled;
  }

  /** Log-probabilities of every tree's unique tokens under the present policy, by tree. */
  public List<float[]> logprobs(List<TokenTree> trees) {
    return passes.logprobs(Model.POLICY, trees);
  }

  private List<RolloutTree> rewarded(List<ScoredTree> scored, Logprobs logprobs) {
    List<RolloutTree> trees = new ArrayList<>();
    KlPenalty penalty = new KlPenalty(loss.klEstimator(), loss.klCoefficient());
    for (int i = 0; i < scored.size(); i++) {
      RolloutTree tree = scored.get(i).tree();
      trees.add(
          loss.kl() == KlPlacement.REWARD
              ? penalty.apply(tree, logprobs.old(i), logprobs.reference(i).orElseThrow())
              : tree);
    }
    return trees;
  }
}
