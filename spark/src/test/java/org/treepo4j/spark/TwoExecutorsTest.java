package org.treepo4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.base.InputException;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rl.advantage.AdvantageSettings;
import org.treepo4j.rl.cluster.Cluster;
import org.treepo4j.rl.reward.Reward;
import org.treepo4j.rl.reward.RewardInput;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.rl.run.TrainingException;
import org.treepo4j.rl.train.Backend;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rollout.RolloutTree;

/** Runs on two executors that are JVMs of their own; one cluster for all tests. */
class TwoExecutorsTest {
  private static final List<String> NOTES = Collections.synchronizedList(new ArrayList<>());
  private static SparkCluster cluster;
  private static final ExecutorKiller KILLER = new ExecutorKiller();

  @TempDir static Path shared;
  @TempDir Path folder;
  private ClusterRuns runs;

  @BeforeAll
  static void start() {
    cluster = SparkCluster.connect("local-cluster[2,1,512]", Map.of(), NOTES::add);
    cluster.context().sc().addSparkListener(KILLER);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  /** Executors that were killed have successors before the next test. */
  @BeforeEach
  void runs() throws Exception {
    runs = new ClusterRuns(folder);
    while (cluster.executors().size() < 2) {
      Thread.sleep(20);
    }
  }

  /** The cluster of all tests, which a run leaves as it is. */
  private static Cluster open() {
    return new Cluster() {
      @Override
      public Backend backend(Run run) throws IOException {
        return cluster.backend(run);
      }

      @Override
      public Map<String, Object> report() {
        return cluster.report();
      }

      @Override
      public void close() {
        // The next test needs it.
      }
    };
  }

  @Test
  void twoExecutorsGiveTheWeightsOfOneMachineBitForBit() throws Exception {
    runs.run("here").run();
    runs.run("there").cluster(TwoExecutorsTest::open).run();
    runs.assertSame("here", "there", 4);
  }

  @Test
  void adaptersTooAndExecutorsGetNothingElse() throws Exception {
    String[] lora = {"lora={rank: 2, targetModules: [q_proj, down_proj]}", "trainer.shards=4"};
    runs.run("here", lora).run();
    runs.run("there", lora).cluster(TwoExecutorsTest::open).run();
    runs.assertSame("here", "there", 4);
  }

  @Test
  void aTokenBudgetIsSharedByTheWholeRound() throws Exception {
    String[] budget = {
      "rollout.budget={control: token_budget, tokensPerStep: 90}", "trainer.steps=2"
    };
    runs.run("here", budget).run();
    runs.run("there", budget).cluster(TwoExecutorsTest::open).run();
    runs.assertSame("here", "there", 2);
  }

  @Test
  void aRunBegunOnOneCanGoOnOnTheOther() throws Exception {
    runs.run("whole").run();
    runs.run("first").cluster(TwoExecutorsTest::open).run();
    runs.killAfter("first", 2);
    runs.run("first").resume(true).run();
    runs.run("second").run();
    runs.killAfter("second", 2);
    runs.run("second").resume(true).cluster(TwoExecutorsTest::open).run();
    runs.assertSame("whole", "first", 4);
    runs.assertSame("whole", "second", 4);
  }

  @Test
  void executorsKilledInSamplingInTheUpdateAndBetweenChangeNothing() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("/proc/self")), "skipped: no /proc to find executors by");
    String[] settings = {
      "trainer={steps: 4, promptsPerStep: 8, shards: 8, microBatchTokens: 1, trainOnShortBatch: true}",
      "evaluation.everySteps=0"
    };
    runs.run("here", settings).run();
    int before = KILLER.kills();
    AdvantageEstimator estimator =
        new Between(
            step -> {
              switch (step) {
                case 1 -> KILLER.arm("gradient");
                case 2 -> KILLER.killAny();
                case 3 -> KILLER.arm("sampling");
                default -> {}
              }
            });
    runs.run("there", settings).estimator(estimator).cluster(TwoExecutorsTest::open).run();
    assertThat(KILLER.kills() - before).isEqualTo(3);
    assertThat(NOTES).filteredOn(note -> note.contains("was lost")).hasSizeGreaterThanOrEqualTo(3);
    runs.assertSame("here", "there", 4);
  }

  /** The default estimator, and something done between sampling and update. */
  private static final class Between implements AdvantageEstimator {
    private final AdvantageEstimator given =
        AdvantageEstimators.create(AdvantageSettings.defaults());
    private final IntConsumer then;
    private int steps;

    Between(IntConsumer then) {
      this.then = then;
    }

    @Override
    public double[][][] advantages(List<RolloutTree> trees) {
      then.accept(++steps);
      return given.advantages(trees);
    }
  }

  @Test
  void anExecutorWithoutMemoryEndsTheRunWithItsNameAndTheCheckpoint() throws Exception {
    Path trigger = shared.resolve("out-of-memory");
    Reward reward = new Exhausting(trigger.toString());
    assertThatThrownBy(
            () ->
                runs.run("there", "checkpoint.everySteps=0", "evaluation.everySteps=0")
                    .reward(reward)
                    .estimator(new Between(step -> touch(step, trigger)))
                    .cluster(TwoExecutorsTest::open)
                    .run())
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("sampling: executor ")
        .hasMessageContaining("out of memory; raise spark.executor.memory");
    assertThat(runs.notes())
        .anyMatch(note -> note.contains("kept what was learned until step 1 in "));
    Files.delete(trigger);
  }

  private static void touch(int step, Path file) {
    if (step == 1) {
      try {
        Files.createFile(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** A reward by length that ends its JVM as exhausted memory does, once there is a file. */
  private static final class Exhausting implements Reward, Serializable {
    private static final long serialVersionUID = 1;
    private final String trigger;

    Exhausting(String trigger) {
      this.trigger = trigger;
    }

    @Override
    public Score score(RewardInput input) {
      if (Files.exists(Path.of(trigger))) {
        Runtime.getRuntime().halt(52); // as Spark's executors do
      }
      return new Score(-input.responseTokens(), false);
    }
  }

  @Test
  void aFailureThatWouldComeAgainIsNotTriedAgain() {
    Reward reward = new Failing();
    assertThatThrownBy(() -> runs.run("there").reward(reward).cluster(TwoExecutorsTest::open).run())
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("all 6 rewards failed, the first: ", "the reward is broken");
  }

  /** A reward that always throws. */
  private static final class Failing implements Reward, Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public Score score(RewardInput input) {
      throw new IllegalStateException("the reward is broken");
    }
  }

  @Test
  void aRewardThatCannotTravelIsRefused() {
    assertThatThrownBy(
            () ->
                runs.run("there")
                    .reward(input -> new Score(1, true))
                    .cluster(TwoExecutorsTest::open)
                    .run())
        .isInstanceOf(InputException.class)
        .hasMessageContaining("a reward that a program gives must be java.io.Serializable");
  }

  @Test
  void executorsThatCannotHoldTheModelAreRefused() {
    assertThatThrownBy(
            () ->
                cluster.backend(
                    new Cluster.Run(
                        SettingsReader.read(
                            TrainSettings.class, folder.resolve("train.yaml"), List.of()),
                        runs.policy(),
                        8L << 30,
                        Optional.empty(),
                        Optional.empty())))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "but the model needs about 8192 MB there; raise spark.executor.memory");
  }

  @Test
  void everyMetricOfAClusterIsExplainedAndNoOther() throws Exception {
    runs.run("there", "trainer.steps=1").cluster(TwoExecutorsTest::open).run();
    Set<String> written = new TreeSet<>();
    JsonNode line = runs.metrics("there").get(0);
    line.fieldNames()
        .forEachRemaining(
            name -> {
              if (name.startsWith("cluster_")) {
                written.add(name);
              }
            });
    Matcher row =
        Pattern.compile("(?m)^\\| `(cluster_[a-z_]+)` \\|")
            .matcher(
                Files.readString(
                    Path.of(System.getProperty("treepo.root", ".."), "docs", "cluster.md")));
    Set<String> explained = new TreeSet<>();
    while (row.find()) {
      explained.add(row.group(1));
    }
    assertThat(explained).as("metrics in docs/cluster.md").isEqualTo(written);
    written.forEach(
        name -> assertThat(line.get(name).asDouble()).as(name).isGreaterThanOrEqualTo(0));
  }

  @Test
  void theReportTellsOfDriverAndExecutors() {
    Map<String, Object> report = cluster.report();
    assertThat(report.get("master")).isEqualTo("local-cluster[2,1,512]");
    assertThat((List<?>) report.get("executors"))
        .hasSize(2)
        .allSatisfy(
            executor ->
                assertThat(executor)
                    .asInstanceOf(InstanceOfAssertFactories.MAP)
                    .containsKeys("host", "java", "spark", "cores", "maxHeapBytes", "engines"));
  }
}
