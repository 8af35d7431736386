package org.treepo4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StepTimesTest {

  @Test
  void theFirstOfStepsThatFillTheTimeIsWarmUp() {
    // The first is ten times slower, since nothing is compiled yet.
    StepTimes times = measure(3, List.of(40.0, 5.0, 4.0));
    assertThat(times).isEqualTo(new StepTimes(4, 4));
  }

  @Test
  void shortStepsAreTimedAfterMostOfTheTime() {
    StepTimes times = measure(1, List.of(0.5, 0.1, 0.1, 0.05, 0.04, 0.03, 0.02, 0.03, 0.2, 0.1));
    assertThat(times.best()).isEqualTo(0.02);
    assertThat(times.median()).isEqualTo(0.03);
  }

  private static StepTimes measure(double seconds, List<Double> steps) {
    AtomicLong now = new AtomicLong();
    AtomicInteger next = new AtomicInteger();
    StepTimes times =
        StepTimes.measure(
            seconds,
            () -> now.addAndGet(Math.round(1e9 * steps.get(next.getAndIncrement()))),
            now::get);
    assertThat(next.get()).isLessThanOrEqualTo(steps.size());
    return new StepTimes(round(times.median()), round(times.best()));
  }

  private static double round(double seconds) {
    return Math.round(1e6 * seconds) / 1e6;
  }
}
