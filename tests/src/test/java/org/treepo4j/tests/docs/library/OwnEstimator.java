package org.treepo4j.tests.docs.library;

import java.nio.file.Path;
import java.util.Arrays;
import org.treepo4j.rl.TrainingRun;
import org.treepo4j.rl.advantage.AdvantageEstimator;
import org.treepo4j.rl.advantage.TrajectoryGroups;
import org.treepo4j.rl.advantage.Whitening;

/** An estimator of one's own: {@code docs/library.md} shows what is between the marks. */
public final class OwnEstimator {
  private OwnEstimator() {}

  // begin
  public static void main(String[] args) throws Exception {
    // A segment is worth how much better its sub-group does than the one above it.
    AdvantageEstimator progress =
        batch -> {
          double[][][] advantages = new double[batch.size()][][];
          for (int t = 0; t < advantages.length; t++) {
            TrajectoryGroups tree = new TrajectoryGroups(batch.get(t));
            advantages[t] = new double[tree.trajectories()][];
            for (int i = 0; i < advantages[t].length; i++) {
              double[] tokens = {};
              for (int depth = 1; depth <= tree.depth(i); depth++) {
                double gain = tree.group(i, depth).mean() - tree.group(i, depth - 1).mean();
                int from = tokens.length;
                int more = tree.segments(i).get(depth - 1).tokens().length;
                tokens = Arrays.copyOf(tokens, from + more);
                Arrays.fill(tokens, from, from + more, gain);
              }
              advantages[t][i] = tokens;
            }
          }
          return Whitening.whiten(advantages);
        };
    TrainingRun.Result result =
        TrainingRun.of(Path.of(args[0]), "model=" + args[1], "output=" + args[2])
            .estimator(progress)
            .run();
    System.out.println(result.toJson());
  }
  // end
}
