package org.treepo4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.train.GradientSum;
import org.treepo4j.rl.train.PolicyPasses;
import org.treepo4j.rl.train.ShardPass;

/**
 * Has executors score trees and compute gradients, a shard a task. Shard sums are added on the
 * driver in the order of the shards, or, where they are large, by executors slice by slice in the
 * same order, so that the driver receives one gradient and not one per shard.
 */
final class SparkPasses implements PolicyPasses {
  private final SparkBackend backend;
  private final List<Parameter> trained;
  private final int shards;
  private final Limits limits;

  /**
   * When gradients are added by executors.
   *
   * @param mostCollected bytes of shard gradients that the driver takes at once
   * @param slice numbers that are added up at once
   */
  record Limits(long mostCollected, int slice) {
    static final Limits USUAL = new Limits(512L << 20, 1 << 22);
  }

  /** The trees of a shard, and what they are divided by. */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Shard(int number, byte[][] trees, long responseTokens, long trajectories, boolean onPolicy)
      implements Serializable {

    List<TrainingTree> decoded() {
      return Arrays.stream(trees).map(TreeCodec::training).toList();
    }

    LossNormalizer whole() {
      return new LossNormalizer(responseTokens, trajectories);
    }
  }

  /** What came of a shard; the gradient where it is collected. */
  record Done(ShardPass.Outcome outcome, Tensors gradient) implements Serializable {}

  /**
   * @param trainable whose gradients the sums go to
   * @param shards of a mini-batch
   */
  SparkPasses(SparkBackend backend, Weights trainable, int shards, Limits limits) {
    this.backend = backend;
    this.trained = trainable.parameters().stream().filter(Parameter::trainable).toList();
    this.shards = shards;
    this.limits = limits;
  }

  @Override
  public List<float[]> logprobs(Model model, List<TokenTree> trees) {
    SparkBackend.Place place = backend.place();
    List<byte[][]> runs = new ArrayList<>();
    for (List<TokenTree> run : ShardPass.split(trees, TokenTree::size, shards)) {
      runs.add(run.stream().map(TreeCodec::tokens).toArray(byte[][]::new));
    }
    long began = System.nanoTime();
    List<TaskOutcome<Tensors>> outcomes =
        backend
            .cluster()
            .collect(
                "scoring",
                backend
                    .cluster()
                    .each(runs)
                    .map(
                        run ->
                            TaskOutcome.of(
                                place::model,
                                resident -> Tensors.of(resident.logprobs(model, decoded(run))))));
    backend.costs().passed(outcomes, System.nanoTime() - began);
    backend.jobDone();
    TaskOutcome.requireDone(outcomes);
    return outcomes.stream().flatMap(outcome -> outcome.value().arrays().stream()).toList();
  }

  private static List<TokenTree> decoded(byte[][] trees) {
    return Arrays.stream(trees).map(bytes -> TreeCodec.tokens(bytes)).toList();
  }

  @Override
  public ShardPass.Outcome gradient(List<TrainingTree> miniBatch, boolean onPolicy) {
    SparkBackend.Place place = backend.place();
    LossNormalizer whole = LossNormalizer.of(miniBatch);
    List<Shard> runs = new ArrayList<>();
    for (List<TrainingTree> run : ShardPass.split(miniBatch, TrainingTree::uniqueTokens, shards)) {
      byte[][] encoded = run.stream().map(TreeCodec::training).toArray(byte[][]::new);
      runs.add(
          new Shard(runs.size(), encoded, whole.responseTokens(), whole.trajectories(), onPolicy));
    }
    long bytes =
        trained.stream().mapToLong(p -> (long) Float.BYTES * p.values().length).sum() * runs.size();
    return bytes > limits.mostCollected && runs.size() > 1
        ? new SlicedSum(backend, trained, limits.slice).of(place, runs)
        : collected(place, runs);
  }

  private ShardPass.Outcome collected(SparkBackend.Place place, List<Shard> runs) {
    long began = System.nanoTime();
    List<TaskOutcome<Done>> outcomes =
        backend
            .cluster()
            .collect("gradient", backend.cluster().each(runs).map(shard -> compute(place, shard)));
    backend.costs().passed(outcomes, System.nanoTime() - began);
    backend.jobDone();
    TaskOutcome.requireDone(outcomes);
    began = System.nanoTime();
    ShardPass.Outcome sum = ShardPass.Outcome.NONE;
    for (int shard = 0; shard < outcomes.size(); shard++) {
      Done done = outcomes.get(shard).value();
      sum = sum.plus(done.outcome);
      for (int p = 0; p < trained.size(); p++) {
        float[] from = done.gradient.arrays().get(p);
        float[] to = trained.get(p).gradient();
        if (shard == 0) {
          System.arraycopy(from, 0, to, 0, to.length);
        } else {
          GradientSum.add(from, to);
        }
      }
    }
    backend.costs().summing(System.nanoTime() - began);
    return sum;
  }

  static TaskOutcome<Done> compute(SparkBackend.Place place, Shard shard) throws Exception {
    return TaskOutcome.of(
        place::model,
        model -> {
          ResidentModel.ShardGradient done =
              model.gradient(shard.decoded(), shard.whole(), shard.onPolicy);
          return new Done(done.outcome(), done.gradient());
        });
  }
}
