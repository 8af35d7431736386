package org.treepo4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TokenTree;
import org.treepo4j.rl.cluster.Cluster;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.train.PolicyPasses;
import org.treepo4j.rl.train.TrainSettings;

/** Gradients added by executors slice by slice are those added on the driver and on one machine. */
class SlicedSumTest {
  @TempDir Path folder;

  @Test
  void slicesOfManyShardsGiveTheSumBitForBit() throws Exception {
    ClusterRuns runs = new ClusterRuns(folder);
    TrainSettings settings =
        SettingsReader.read(
            TrainSettings.class,
            folder.resolve("train.yaml"),
            List.of("trainer.shards=5", "loss.kl=none"));
    List<TrainingTree> trees = trees(9);
    Policy policy = runs.policy();
    PolicyPasses here = PolicyPasses.local(policy, Optional.empty(), settings);
    try (SparkCluster cluster = SparkCluster.connect("local[1]", Map.of(), note -> {})) {
      SparkBackend backend =
          (SparkBackend)
              cluster.backend(
                  new Cluster.Run(settings, policy, 0, Optional.empty(), Optional.empty()));
      assertThat(gradient(policy, here, trees))
          .usingRecursiveComparison()
          .isEqualTo(gradient(policy, backend.passes(), trees))
          .isEqualTo(
              gradient(
                  policy,
                  new SparkPasses(backend, policy.trainable(), 5, new SparkPasses.Limits(0, 777)),
                  trees));
    } finally {
      policy.model().close();
    }
  }

  private static List<float[]> gradient(
      Policy policy, PolicyPasses passes, List<TrainingTree> trees) {
    policy.trainable().zeroGradients();
    passes.gradient(trees, true);
    return policy.trainable().parameters().stream()
        .map(Parameter::gradient)
        .map(float[]::clone)
        .toList();
  }

  private static List<TrainingTree> trees(int count) {
    Random random = new Random(5);
    List<TrainingTree> trees = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] tokens = random.ints(6, 2, 12).toArray();
      int[] parents = {-1, 0, 1, 2, 2, 4};
      int[][] paths = {{2, 3}, {2, 4, 5}};
      double[][] advantages = {{1, 0.5 + i}, {-1, -0.25, -1}};
      trees.add(
          new TrainingTree(TokenTree.of(tokens, parents), paths, advantages, new float[6], null));
    }
    return trees;
  }
}
