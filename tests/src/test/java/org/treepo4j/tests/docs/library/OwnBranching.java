package org.treepo4j.tests.docs.library;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.treepo4j.rl.TrainingRun;
import org.treepo4j.rollout.BranchingPolicy;

/** A branching policy of one's own: {@code docs/library.md} shows what is between the marks. */
public final class OwnBranching {
  private OwnBranching() {}

  // begin
  public static void main(String[] args) throws Exception {
    // Everyone goes on; whatever is left goes to the path that was least sure of its last segment.
    BranchingPolicy unsure =
        (paths, total, temperature) -> {
          int[] children = new int[paths.size()];
          Arrays.fill(children, 1);
          int least =
              IntStream.range(0, children.length)
                  .boxed()
                  .max(Comparator.comparingDouble(i -> paths.get(i).nodeEntropy()))
                  .orElseThrow();
          children[least] += total - children.length;
          return children;
        };
    TrainingRun.Result result =
        TrainingRun.of(Path.of(args[0]), "model=" + args[1], "output=" + args[2])
            .branching(unsure)
            .listener((step, steps, metrics) -> System.out.println(step + " of " + steps))
            .run();
    System.out.println(result.toJson());
  }
  // end
}
