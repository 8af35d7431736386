package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.Design.Experts;

class RouterTest {

  @Property(tries = 50)
  void rowsGoToTheMostProbableAndEveryPlaceIsSortedOnce(
      @ForAll @IntRange(min = 1, max = 9) int count,
      @ForAll @IntRange(min = 1, max = 30) int rows,
      @ForAll boolean normalised,
      @ForAll long seed) {
    Random random = new Random(seed);
    int perToken = 1 + random.nextInt(count);
    float[] logits = TestModels.coefficients(rows * count, 0.3, random);
    Router.Choice choice = new Router.Choice();
    new Router(new Experts(count, perToken, 1, normalised))
        .forward(rows, logits, count, choice, null, 0);
    for (int row = 0; row < rows; row++) {
      int at = row * count;
      int from = row * perToken;
      int[] chosen =
          IntStream.range(from, from + perToken).map(place -> choice.chosen[place]).toArray();
      int[] expected =
          IntStream.range(0, count)
              .boxed()
              .sorted((a, b) -> Float.compare(logits[at + b], logits[at + a]))
              .limit(perToken)
              .mapToInt(e -> e)
              .toArray();
      assertThat(chosen).isEqualTo(expected);
      double sum = 0;
      for (int slot = 0; slot < perToken; slot++) {
        sum += choice.weights[row * perToken + slot];
      }
      assertThat(sum).isLessThanOrEqualTo(1 + 1e-5);
      if (normalised || perToken == count) {
        assertThat(sum).isCloseTo(1, within(1e-5));
      }
    }
    int[] places = Arrays.copyOf(choice.places, rows * perToken);
    for (int e = 0; e < count; e++) {
      for (int i = choice.starts[e]; i < choice.starts[e + 1]; i++) {
        assertThat((int) choice.chosen[places[i]]).isEqualTo(e);
      }
    }
    Arrays.sort(places);
    assertThat(places).isEqualTo(IntStream.range(0, rows * perToken).toArray());
  }

  @Test
  void logitsOfAnySizeGiveNumbers() {
    Router.Choice choice = new Router.Choice();
    new Router(new Experts(3, 2, 1, true))
        .forward(1, new float[] {1e30f, -1e30f, 3}, 3, choice, null, 0);
    assertThat(Arrays.copyOf(choice.chosen, 2)).containsExactly((short) 0, (short) 2);
    assertThat(Arrays.copyOf(choice.weights, 2)).containsExactly(1f, 0f);
  }
}
