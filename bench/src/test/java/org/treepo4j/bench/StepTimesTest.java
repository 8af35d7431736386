package org.treepo4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a step takes once it is compiled, by a clock that the steps themselves move. */
class StepTimesTest {
  private double now;
  private int steps;

  /** Measures for three seconds; the last of the given times repeats. */
  private StepTimes measure(Double... seconds) {
    Deque<Double> times = new ArrayDeque<>(List.of(seconds));
    Runnable step =
        () -> {
          now += times.size() > 1 ? times.pop() : times.peek();
          steps++;
        };
    return StepTimes.inTurns(3, List.of(step), () -> now).get(0);
  }

  @Test
  void shortStepsWarmUpForMostOfTheTime() {
    assertThat(measure(1.0, 0.8, 0.1).median()).isCloseTo(0.1, within(1e-9));
  }

  @Test
  void theFirstStepIsNotTimedHoweverLongItTakes() {
    assertThat(measure(30.0, 10.0)).isEqualTo(new StepTimes(10, 10));
    assertThat(steps).isEqualTo(2);
  }

  @Test
  void longStepsAreTimedForAboutTheGivenTime() {
    assertThat(measure(4.0, 3.0, 2.0, 1.0)).isEqualTo(new StepTimes(3, 3));
    assertThat(measure(9.0, 2.0, 1.0).median()).isEqualTo(2);
  }

  @Test
  void stepsInTurnsAreTimedApart() {
    List<Runnable> inTurns = List.of(() -> now += 0.1, () -> now += ++steps > 10 ? 0.2 : 0.4);
    assertThat(StepTimes.inTurns(6, inTurns, () -> now))
        .extracting(StepTimes::median)
        .satisfiesExactly(
            first -> assertThat(first).isCloseTo(0.1, within(1e-9)),
            second -> assertThat(second).isCloseTo(0.2, within(1e-9)));
  }
}
