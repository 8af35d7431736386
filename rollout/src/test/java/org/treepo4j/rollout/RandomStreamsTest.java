package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.commons.math3.stat.inference.ChiSquareTest;
import org.junit.jupiter.api.Test;

class RandomStreamsTest {

  @Property(tries = 200)
  void aStreamIsWhatSplittableRandomDraws(@ForAll long stream) {
    SplittableRandom random = new SplittableRandom(stream);

    for (int position = 0; position < 20; position++) {
      assertThat(RandomStreams.uniform(stream, position)).isEqualTo(random.nextDouble());
    }
  }

  @Test
  void everyCoordinateNamesAnotherStream() {
    Set<Long> streams = new HashSet<>();
    int count = 0;
    for (long seed = 0; seed < 6; seed++) {
      for (long step = 0; step < 6; step++) {
        RandomStreams random = new RandomStreams(seed, step);
        for (String prompt : new String[] {"", "a", "b", "ab", "ba"}) {
          for (int occurrence = 0; occurrence < 3; occurrence++) {
            for (int branch = 0; branch < 20; branch++) {
              streams.add(random.stream(prompt, occurrence, branch));
              count++;
            }
          }
        }
      }
    }
    assertThat(streams).hasSize(count);
  }

  @Test
  void firstNumbersOfNeighbouringStreamsAreUniform() {
    int bins = 50;
    int draws = 50_000;
    long[] observed = new long[bins];
    RandomStreams random = new RandomStreams(1, 1);
    for (int branch = 0; branch < draws; branch++) {
      observed[(int) (bins * RandomStreams.uniform(random.stream("p", 0, branch), 0))]++;
    }
    double[] expected = new double[bins];
    Arrays.fill(expected, (double) draws / bins);

    assertThat(new ChiSquareTest().chiSquareTest(expected, observed)).isGreaterThan(0.001);
  }
}
