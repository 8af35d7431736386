package org.treepo4j.rl.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.treepo4j.rl.tasks.SyntheticTask.Problem;

class ChainSumsTest {
  private static final Pattern DEMONSTRATION =
      Pattern.compile("(-?\\d+[+-]\\d+=-?\\d+;)*\\\\boxed\\{-?\\d+}");
  private final ChainSums task = new ChainSums();

  @Property
  void theAnswerIsTheSumOfTheTerms(@ForAll long seed) {
    Problem problem = task.problem(new SplittableRandom(seed));
    int sum = 0;
    for (String term : problem.prompt().replace("=", "").replace("-", "+-").split("\\+")) {
      sum += Integer.parseInt(term);
    }
    assertThat(problem.answer()).isEqualTo(Integer.toString(sum));
    assertThat(sum).isBetween(-18, 99);
  }

  @Property
  void demonstrationsEndInABoxedAnswer(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Problem problem = task.problem(random);
    assertThat(task.demonstration(problem, random)).matches(DEMONSTRATION);
  }

  @Test
  void demonstrationsAreMediocreOnPurpose() {
    SplittableRandom random = new SplittableRandom(1);
    int right = 0;
    for (int i = 0; i < 10_000; i++) {
      Problem problem = task.problem(random);
      if (task.demonstration(problem, random).endsWith("\\boxed{" + problem.answer() + "}")) {
        right++;
      }
    }
    assertThat(right).isBetween(5_000, 6_500);
  }

  @Test
  void theSameSeedGivesTheSameProblem() {
    assertThat(task.problem(new SplittableRandom(5)))
        .isEqualTo(task.problem(new SplittableRandom(5)));
  }
}
