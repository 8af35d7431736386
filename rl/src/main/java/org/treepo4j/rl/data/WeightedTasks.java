package org.treepo4j.rl.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Tasks of several files, each drawn from as often as its weight says: after any number n of draws,
 * a file with share w has been drawn from n·w times, to within one. Each file goes through its own
 * tasks in {@link ShuffledTasks shuffled} order. A place in the row says which task it is; places
 * that follow each other are cheap, others cost a walk from the beginning, some nanoseconds a draw.
 *
 * <p>The order of the files is that of R. Tijdeman, The chairman assignment problem, Discrete
 * Mathematics 32 (1980): of the files that are behind their share, the one is drawn from that would
 * be too far behind the soonest.
 */
final class WeightedTasks implements TaskSource {
  private final List<ShuffledTasks> sources = new ArrayList<>();
  private final double[] shares;

  /** How far a file must be behind its share to be drawn from; some file always is. */
  private final double least;

  /** How far it may get behind. */
  private final double most;

  private final long[] drawn;
  private long drawnInAll;
  private int last;

  /**
   * @param files tasks by file, none empty
   * @param weights positive, one for each file
   */
  public WeightedTasks(List<List<Task>> files, List<Double> weights, long seed) {
    if (files.isEmpty() || files.size() != weights.size()) {
      throw new IllegalArgumentException(
          "weights must be one for each of " + files.size() + " files, was " + weights.size());
    }
    for (int i = 0; i < files.size(); i++) {
      sources.add(new ShuffledTasks(files.get(i), seed + 1000003L * i));
    }
    this.shares = shares(weights);
    this.drawn = new long[shares.length];
    this.least = 1.0 / (2 * shares.length);
    this.most = 1 - 1.0 / Math.max(2, 2 * shares.length - 2);
  }

  /** The weights with sum 1; scaled first, so that no sum is infinite. */
  private static double[] shares(List<Double> weights) {
    double largest = weights.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    double sum = weights.stream().mapToDouble(weight -> weight / largest).sum();
    return weights.stream().mapToDouble(weight -> weight / largest / sum).toArray();
  }

  @Override
  public Task at(long position) {
    int file = fileAt(position);
    return sources.get(file).at(drawn[file] - 1);
  }

  /** The file that a place in the row belongs to. */
  int fileAt(long position) {
    if (position + 1 < drawnInAll) {
      Arrays.fill(drawn, 0);
      drawnInAll = 0;
    }
    while (drawnInAll <= position) {
      draw();
    }
    return last;
  }

  private void draw() {
    drawnInAll++;
    last = -1;
    double soonest = Double.POSITIVE_INFINITY;
    for (int file = 0; file < shares.length; file++) {
      double due = (drawn[file] + most) / shares[file];
      if (drawnInAll * shares[file] - drawn[file] >= least && due < soonest) {
        soonest = due;
        last = file;
      }
    }
    drawn[last]++;
  }
}
