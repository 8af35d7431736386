package org.treepo4j.rl.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Tasks of several files, each drawn from as often as its weight says. The row is cut into blocks;
 * in every block each file has the same number of places, shuffled by seed and block, and goes
 * through its own tasks in {@link ShuffledTasks shuffled} order. So a place in the row says which
 * task it is.
 */
final class WeightedTasks implements TaskSource {
  private static final int BLOCK = 1000;

  private final List<ShuffledTasks> sources = new ArrayList<>();
  private final int[] places;
  private final long seed;
  private long block = -1;
  private int[] fileAt = {};
  private int[] rankAt = {};

  /**
   * @param files tasks by file, none empty
   * @param weights positive, one for each file
   */
  public WeightedTasks(List<List<Task>> files, List<Double> weights, long seed) {
    if (files.isEmpty() || files.size() != weights.size()) {
      throw new IllegalArgumentException(
          "weights must be one for each of " + files.size() + " files, was " + weights.size());
    }
    this.seed = seed;
    for (int i = 0; i < files.size(); i++) {
      sources.add(new ShuffledTasks(files.get(i), seed + 1000003L * i));
    }
    this.places = places(weights);
  }

  @Override
  public Task at(long position) {
    layOut(position / BLOCK);
    int place = (int) (position % BLOCK);
    int file = fileAt[place];
    return sources.get(file).at(block * places[file] + rankAt[place]);
  }

  private void layOut(long wanted) {
    if (wanted == block) {
      return;
    }
    List<Integer> files = new ArrayList<>();
    for (int file = 0; file < places.length; file++) {
      files.addAll(Collections.nCopies(places[file], file));
    }
    Collections.shuffle(files, new Random(31 * seed + wanted));
    fileAt = files.stream().mapToInt(Integer::intValue).toArray();
    rankAt = new int[BLOCK];
    int[] seen = new int[places.length];
    for (int i = 0; i < BLOCK; i++) {
      rankAt[i] = seen[fileAt[i]]++;
    }
    block = wanted;
  }

  /** Places of each file in a block: by weight, the remainders to the largest fractions. */
  private static int[] places(List<Double> weights) {
    double sum = weights.stream().mapToDouble(Double::doubleValue).sum();
    int[] places = new int[weights.size()];
    List<Integer> byFraction = new ArrayList<>();
    int left = BLOCK;
    for (int i = 0; i < places.length; i++) {
      places[i] = (int) Math.floor(weights.get(i) / sum * BLOCK);
      left -= places[i];
      byFraction.add(i);
    }
    byFraction.sort(
        (a, b) ->
            Double.compare(
                weights.get(b) / sum * BLOCK - places[b],
                weights.get(a) / sum * BLOCK - places[a]));
    for (int i = 0; i < left; i++) {
      places[byFraction.get(i % places.length)]++;
    }
    return places;
  }
}
