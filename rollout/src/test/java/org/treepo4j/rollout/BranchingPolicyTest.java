package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.BranchingPolicy.PathScores;

class BranchingPolicyTest {

  @Test
  void answersThatBreakTheContractAreNamed() {
    assertThat(children(1, 3)).containsExactly(1, 3);
    assertRefused(null, "must give the children of 2 paths, gave null");
    assertRefused(new int[] {4}, "must give the children of 2 paths, gave those of 1");
    assertRefused(new int[] {2, 2, 0}, "must give the children of 2 paths, gave those of 3");
    assertRefused(new int[] {0, 4}, "must give every path a child, gave one 0");
    assertRefused(new int[] {5, -1}, "must give every path a child, gave one -1");
    assertRefused(new int[] {2, 1}, "must give 2 paths 4 children together, gave 3");
    int most = Integer.MAX_VALUE;
    assertRefused(new int[] {most, most}, "4 children together, gave 4294967294");
  }

  private static void assertRefused(int[] answer, String message) {
    assertThatThrownBy(() -> children(answer))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(message);
  }

  private static int[] children(int... answer) {
    BranchingPolicy policy = (paths, total, temperature) -> answer;
    PathScores scores = new PathScores(-1, -1, -1, 1);
    return policy.checked().children(List.of(scores, scores), 4, 1);
  }
}
