package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.treepo4j.rl.data.DifficultyPools.Pool;
import org.treepo4j.rl.data.DifficultyPools.SuccessRate;

/** What must hold of the draw whatever the success rates. */
class DifficultyPoolsTest {
  private static final PoolSettings SETTINGS = new PoolSettings(true, 0.2, 0.8, 0.5, 0.1, 3);
  private static final List<Task> TASKS =
      IntStream.range(0, 40).mapToObj(i -> Task.of("t" + i, "p", "a")).toList();

  @Property(tries = 20)
  void aTaskIsDrawnAsOftenAsItsPoolsShareSays(@ForAll long seed) {
    DifficultyPools pools = visited(seed, 60);
    TaskSource row = new ShuffledTasks(TASKS, seed);
    int passes = 1000;
    double[] drawn = new double[TASKS.size()];
    for (long place = 0; place < (long) passes * TASKS.size(); place++) {
      Task task = row.at(place);
      if (pools.draws(task, place)) {
        drawn[TASKS.indexOf(task)]++;
      }
    }
    for (int i = 0; i < drawn.length; i++) {
      SuccessRate rate = pools.rates().get(TASKS.get(i).id());
      double share = rate == null ? 1 : rate.recent() < 0.2 ? 0.5 : rate.recent() > 0.8 ? 0.1 : 1;
      double sixDeviations = 6 * Math.sqrt(share * (1 - share) / passes);
      assertThat(drawn[i] / passes).isCloseTo(share, within(sixDeviations + 1e-12));
    }
  }

  @Property(tries = 100)
  void restoredPoolsDrawAndLearnAsTheUninterruptedOnes(
      @ForAll long seed, @ForAll @IntRange(max = 200) int visits) {
    DifficultyPools whole = visited(seed, visits);
    DifficultyPools resumed = new DifficultyPools(SETTINGS, seed);
    resumed.restore(Map.copyOf(whole.rates()));
    Random random = new Random(seed + 1);
    for (long place = 0; place < 500; place++) {
      Task task = TASKS.get(random.nextInt(TASKS.size()));
      assertThat(resumed.draws(task, place)).isEqualTo(whole.draws(task, place));
      double accuracy = random.nextInt(9) / 8.0;
      whole.sampled(task, accuracy);
      resumed.sampled(task, accuracy);
    }
    assertThat(resumed.rates()).isEqualTo(whole.rates());
    assertThat(resumed.sizes()).isEqualTo(whole.sizes());
  }

  @Property(tries = 100)
  void theRateIsTheMeanOfTheFirstTreesAndFadesBeyond(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 10) int trees) {
    DifficultyPools pools = new DifficultyPools(SETTINGS, 1);
    Random random = new Random(seed);
    List<Double> seen = new ArrayList<>();
    double expected = 0;
    for (int i = 0; i < trees; i++) {
      double accuracy = random.nextDouble();
      pools.sampled(TASKS.get(0), accuracy);
      seen.add(accuracy);
      expected =
          i < 3
              ? seen.stream().mapToDouble(Double::doubleValue).average().orElseThrow()
              : expected * 2 / 3 + accuracy / 3;
    }
    SuccessRate rate = pools.rates().get("t0");
    assertThat(rate.recent()).isCloseTo(expected, within(1e-12));
    assertThat(rate.trees()).isEqualTo(trees);
  }

  @Example
  void aTaskMovesBetweenPoolsAsItIsLearned() {
    DifficultyPools pools = new DifficultyPools(SETTINGS, 1);
    Task task = TASKS.get(0);
    assertThat(pools.pool(task)).isEqualTo(Pool.NEW);
    pools.sampled(task, Double.NaN); // a tree without trajectories says nothing
    assertThat(pools.pool(task)).isEqualTo(Pool.NEW);
    pools.sampled(task, 0);
    assertThat(pools.pool(task)).isEqualTo(Pool.HARD);
    pools.sampled(task, 1);
    assertThat(pools.pool(task)).isEqualTo(Pool.BETWEEN);
    for (int i = 0; i < 5; i++) {
      pools.sampled(task, 1);
    }
    assertThat(pools.pool(task)).isEqualTo(Pool.EASY);
    assertThat(pools.sizes()).isEqualTo(Map.of(Pool.HARD, 0, Pool.BETWEEN, 0, Pool.EASY, 1));
  }

  @Property(tries = 20)
  void withoutPoolsEveryTaskIsDrawnAndNothingIsKept(@ForAll long place) {
    DifficultyPools off = DifficultyPools.off();
    TASKS.forEach(task -> off.sampled(task, 0));
    assertThat(TASKS).allMatch(task -> off.draws(task, place));
    assertThat(off.rates()).isEmpty();
  }

  @Example
  void mistakesAreNamed() {
    assertThatThrownBy(() -> new PoolSettings(true, 0.9, 0.1, 1, 1, 2))
        .hasMessage("hardBelow and easyAbove must be in 0..1 in this order, were 0.9 and 0.1");
    assertThatThrownBy(() -> new PoolSettings(true, 0.1, 0.9, 0, 1, 2))
        .hasMessage("hardShare must be within 0.01..1, was 0.0");
    assertThatThrownBy(() -> new PoolSettings(true, 0.1, 0.9, 1, 1, 0))
        .hasMessage("recent must be positive, was 0");
  }

  private static DifficultyPools visited(long seed, int visits) {
    DifficultyPools pools = new DifficultyPools(SETTINGS, seed);
    Random random = new Random(seed);
    for (int i = 0; i < visits; i++) {
      pools.sampled(TASKS.get(random.nextInt(TASKS.size())), random.nextInt(3) / 2.0);
    }
    return pools;
  }
}
