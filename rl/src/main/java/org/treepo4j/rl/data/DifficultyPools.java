package org.treepo4j.rl.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Draws tasks by how well they went lately. The row of tasks stays what it is; a task whose pool
 * has a share below 1 is passed over at some of its places, which follow from the seed and the
 * place. So a run's draw needs no state but the place in the row and the success rates, both of
 * which a checkpoint holds.
 */
public final class DifficultyPools {

  /** Where a task stands. */
  public enum Pool {
    /** Not sampled yet. */
    NEW,
    HARD,
    BETWEEN,
    EASY
  }

  /**
   * How well a task went lately.
   *
   * @param recent mean share of correct trajectories over its trees, of which the last count most
   * @param trees that were sampled for it
   */
  public record SuccessRate(double recent, long trees) {}

  /** Sets the streams of neighbouring places apart. */
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final PoolSettings settings;
  private final long seed;

  /** By task id, in the order of ids, so that files do not depend on the order of visits. */
  private final Map<String, SuccessRate> rates = new TreeMap<>();

  public DifficultyPools(PoolSettings settings, long seed) {
    this.settings = settings;
    this.seed = seed;
  }

  /** Draws every task. */
  public static DifficultyPools off() {
    return new DifficultyPools(PoolSettings.defaults(), 0);
  }

  public boolean enabled() {
    return settings.enabled();
  }

  /**
   * Whether the task at a place in the row is drawn.
   *
   * @param position 0 for the first
   */
  public boolean draws(Task task, long position) {
    double share = share(pool(task));
    return share == 1 || new SplittableRandom(seed + GOLDEN * position).nextDouble() < share;
  }

  /** A tree of a task has been sampled. */
  public void sampled(Task task, double accuracy) {
    if (!settings.enabled() || Double.isNaN(accuracy)) {
      return;
    }
    SuccessRate before = rates.getOrDefault(task.id(), new SuccessRate(0, 0));
    long trees = before.trees() + 1;
    double step = 1.0 / Math.min(trees, settings.recent());
    double recent = before.recent() + step * (accuracy - before.recent());
    rates.put(task.id(), new SuccessRate(recent, trees));
  }

  public Pool pool(Task task) {
    SuccessRate rate = rates.get(task.id());
    return rate == null ? Pool.NEW : pool(rate);
  }

  /** How many of the tasks sampled so far are in each pool but {@link Pool#NEW}. */
  public Map<Pool, Integer> sizes() {
    Map<Pool, Integer> sizes = new LinkedHashMap<>();
    for (Pool pool : new Pool[] {Pool.HARD, Pool.BETWEEN, Pool.EASY}) {
      sizes.put(pool, (int) rates.values().stream().filter(rate -> pool(rate) == pool).count());
    }
    return sizes;
  }

  /** The success rates by task id. */
  public Map<String, SuccessRate> rates() {
    return Collections.unmodifiableMap(rates);
  }

  /** Goes on from success rates of a checkpoint. */
  public void restore(Map<String, SuccessRate> saved) {
    rates.clear();
    rates.putAll(saved);
  }

  private Pool pool(SuccessRate rate) {
    return rate.recent() < settings.hardBelow()
        ? Pool.HARD
        : rate.recent() > settings.easyAbove() ? Pool.EASY : Pool.BETWEEN;
  }

  private double share(Pool pool) {
    return switch (pool) {
      case NEW, BETWEEN -> 1;
      case HARD -> settings.hardShare();
      case EASY -> settings.easyShare();
    };
  }
}
