package org.treepo4j.rl.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class LedgerTest {
  private static final Pattern BOOKING = Pattern.compile("[+-]\\d\\d");
  private final Ledger ledger = new Ledger();

  @Property(tries = 200)
  void theAnswerIsTheSumAndEveryBalanceHasTwoDigits(@ForAll long seed) {
    SyntheticTask.Problem problem = ledger.problem(new SplittableRandom(seed));
    assertThat(problem.prompt()).matches("\\d\\d([+-]\\d\\d){8}=");
    int balance = Integer.parseInt(problem.prompt().substring(0, 2));
    for (MatchResult booking : BOOKING.matcher(problem.prompt()).results().toList()) {
      balance += Integer.parseInt(booking.group());
      assertThat(balance).isBetween(10, 99);
    }
    assertThat(problem.answer()).isEqualTo(Integer.toString(balance));
    assertThat(SyntheticTasks.named("ledger").problem(new SplittableRandom(seed)))
        .isEqualTo(problem);
  }

  @Property(tries = 200)
  void responsesAreLongAgreeInTheirFirstBookingsAndPartInTheLastFive(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    SyntheticTask.Problem problem = ledger.problem(random);
    String response = ledger.demonstration(problem, random);
    assertThat(response)
        .hasSizeBetween(100, 220)
        .matches(
            "(\\d\\d[+-]\\d\\d:\\d+[+-]\\d=\\d+,\\d[+-]\\d[+-][01]=\\d>\\d\\d;){3}"
                + "(\\d\\d[+-]\\d\\d(:\\d+[+-]\\d=\\d+,\\d[+-]\\d[+-][01]=\\d)?>\\d\\d;){5}"
                + "\\\\boxed\\{\\d+}");
  }

  @Test
  void demonstrationsAreRightNowAndThen() {
    SplittableRandom random = new SplittableRandom(5);
    int correct = 0;
    for (int i = 0; i < 2000; i++) {
      SyntheticTask.Problem problem = ledger.problem(random);
      correct +=
          ledger.demonstration(problem, random).endsWith("\\boxed{" + problem.answer() + "}")
              ? 1
              : 0;
    }
    assertThat(correct).isBetween(700, 1000);
  }

  @Test
  void theLongWayShowsUnitsAndTens() {
    SyntheticTask.Problem problem = new SyntheticTask.Problem("12+31+25+11+18-19+48-36+18=", "108");
    assertThat(ledger.demonstration(problem, new SplittableRandom(3)))
        .startsWith("12+31:2+1=3,1+3+0=4>43;43+25:3+5=8,4+2+0=6>68;");
  }
}
