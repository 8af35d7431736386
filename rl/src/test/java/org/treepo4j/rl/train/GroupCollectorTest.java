package org.treepo4j.rl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.CausalLm;
import org.treepo4j.rl.data.DifficultyPools;
import org.treepo4j.rl.data.PoolSettings;
import org.treepo4j.rl.data.ShuffledTasks;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.reward.Reward;
import org.treepo4j.rl.reward.RewardException;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.rl.run.TrainingException;
import org.treepo4j.rl.sampling.LocalSampler;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rollout.RolloutTree;

class GroupCollectorTest {
  /** Only answers to {@code a} differ in reward. */
  private static final Reward ONLY_A =
      input -> new Score(input.task().id().equals("a") ? input.responseTokens() : 0, false);

  private final CausalLm model = TinyTraining.model();

  @AfterEach
  void close() {
    model.close();
  }

  @Test
  void promptsWithoutContrastAreReplacedUntilTheStepIsFull() {
    GroupCollector.Groups groups =
        collector(ONLY_A, TinyTraining.loop(1, 10, false), "a", "b", "c").collect(1, 0, 0);
    assertThat(groups.trees()).hasSize(2).allMatch(tree -> tree.task().id().equals("a"));
    assertThat(groups.all()).hasSize(groups.tasksDrawn());
    assertThat(groups.dropped())
        .isEqualTo(groups.all().stream().filter(tree -> !tree.task().id().equals("a")).count());
    assertThat(groups.dropped() + groups.spare() + 2).isEqualTo(groups.tasksDrawn());
    assertThat(groups.statistics().prompts()).isEqualTo(groups.tasksDrawn());
    assertThat(groups.rounds()).isGreaterThan(1);
  }

  @Test
  void aTaskThatComesAgainInItsStepIsGivenAnotherTree() {
    GroupCollector.Groups groups =
        collector(ONLY_A, TinyTraining.loop(1, 10, false), "a", "b", "c").collect(1, 0, 0);
    RolloutTree first = groups.trees().get(0).tree();
    RolloutTree second = groups.trees().get(1).tree();
    assertThat(tokens(first)).isNotEqualTo(tokens(second));
  }

  private static List<List<Integer>> tokens(RolloutTree tree) {
    return tree.nodes().stream()
        .map(node -> Arrays.stream(node.tokens()).boxed().toList())
        .toList();
  }

  @Test
  void roundsAreLimited() {
    GroupCollector collector =
        collector((input) -> new Score(1, true), TinyTraining.loop(1, 3, false), "a", "b");
    assertThatThrownBy(() -> collector.collect(7, 0, 0))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("step 7: after 3 rounds of sampling only 0 of 2 prompts")
        .hasMessageContaining("100 % of all are correct")
        .hasMessageContaining("give harder tasks");
    GroupCollector patient =
        collector((input) -> new Score(0, false), TinyTraining.loop(1, 3, true), "a", "b");
    GroupCollector.Groups groups = patient.collect(7, 0, 0);
    assertThat(groups.trees()).isEmpty();
    assertThat(groups.tasksDrawn()).isEqualTo(6);
    assertThat(groups.accuracy()).isZero();
  }

  @Test
  void aStepGivesTheSameTreesAgain() {
    TrainerSettings loop = TinyTraining.loop(1, 10, false);
    GroupCollector.Groups once = collector(ONLY_A, loop, "a", "b").collect(3, 5, 0.5);
    GroupCollector.Groups again = collector(ONLY_A, loop, "a", "b").collect(3, 5, 0.5);
    assertThat(tokens(again.trees().get(0).tree())).isEqualTo(tokens(once.trees().get(0).tree()));
    assertThat(again.tasksDrawn()).isEqualTo(once.tasksDrawn());
  }

  @Test
  void rewardsThatThrowAreCountedAndTheFirstIsTold() {
    Reward broken =
        input -> {
          if (input.responseTokens() > 3) {
            throw new IllegalStateException("no such unit");
          }
          return new Score(input.responseTokens(), false);
        };
    GroupCollector.Groups groups =
        collector(broken, TinyTraining.loop(1, 10, false), "a", "b").collect(1, 0, 0);
    assertThat(groups.sampled().rewards().failed()).isPositive();
    assertThat(groups.sampled().rewards().firstFailure()).get().asString().contains("no such unit");
  }

  @Test
  void aStepWhoseRewardsAllFailStopsTheRun() {
    AtomicInteger asked = new AtomicInteger();
    Reward broken =
        input -> {
          asked.incrementAndGet();
          throw new IllegalStateException("no such unit");
        };
    GroupCollector collector = collector(broken, TinyTraining.loop(1, 1000, true), "a", "b");
    assertThatThrownBy(() -> collector.collect(7, 0, 0))
        .isInstanceOf(TrainingException.class)
        .hasMessageMatching("step 7: all \\d+ rewards failed, the first: .*no such unit");
    assertThat(asked.get()).isLessThan(1000);
  }

  @Test
  void aTaskWhoseRewardsAllFailStopsNoRun() {
    Reward bad =
        input -> {
          if (input.task().id().equals("b")) {
            throw new IllegalStateException("no such unit");
          }
          return new Score(input.responseTokens(), false);
        };
    GroupCollector.Groups groups =
        collector(bad, TinyTraining.loop(1, 10, false), "a", "b").collect(1, 0, 0);
    assertThat(groups.sampled().rewards().failed()).isPositive();
  }

  @Test
  void scoresThatCannotBeTrustedStopTheRun() {
    Reward shifted =
        input -> {
          throw new RewardException("score.js: wrote more lines than it was asked for");
        };
    GroupCollector collector = collector(shifted, TinyTraining.loop(1, 10, false), "a", "b");
    assertThatThrownBy(() -> collector.collect(7, 0, 0))
        .isInstanceOf(TrainingException.class)
        .hasMessage("score.js: wrote more lines than it was asked for");
  }

  @Test
  void tasksOfASmallShareArePassedOverAndTheRowGoesOn() {
    DifficultyPools pools = new DifficultyPools(new PoolSettings(true, 0.1, 0.9, 0.01, 0.01, 2), 1);
    TinyTraining.tasks("b", "c").forEach(task -> pools.sampled(task, 0));
    GroupCollector.Groups groups =
        collector(pools, ONLY_A, TinyTraining.loop(1, 10, false), "a", "b", "c").collect(1, 0, 0);
    long others = groups.all().stream().filter(tree -> !tree.task().id().equals("a")).count();
    assertThat(groups.trees()).hasSize(2);
    assertThat(others).isLessThan(groups.all().size() / 2 + 1);
    assertThat(groups.passedOver()).isPositive();
    assertThat(groups.tasksDrawn()).isEqualTo(groups.all().size() + groups.passedOver());
  }

  private GroupCollector collector(Reward reward, TrainerSettings loop, String... prompts) {
    return collector(DifficultyPools.off(), reward, loop, prompts);
  }

  private GroupCollector collector(
      DifficultyPools pools, Reward reward, TrainerSettings loop, String... prompts) {
    List<Task> tasks = TinyTraining.tasks(prompts);
    TaskSampler sampler =
        new TaskSampler(
            TinyTraining.rollout(),
            new LetterTokenizer(),
            TinyTraining.prompts(),
            List.of(0),
            TinyTraining.CONFIG.maxPositions(),
            TinyTraining.rewards(reward));
    return new GroupCollector(
        new LocalSampler(model, sampler, 1), new ShuffledTasks(tasks, 1), pools, loop);
  }
}
