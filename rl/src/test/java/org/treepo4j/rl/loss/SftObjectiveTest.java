package org.treepo4j.rl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.Size;
import org.treepo4j.model.TokenTree;

class SftObjectiveTest {

  @Example
  void onlyTheCompletionCounts() {
    SftExample example = SftExample.completion(new int[] {5, 6}, new int[] {7, 8});
    SftObjective.Result result =
        new SftObjective(2).evaluate(List.of(example), new float[][] {{0, -9, -1, -2}});
    assertThat(result.loss()).isEqualTo(1.5);
    assertThat(result.dLogprob()[0]).containsExactly(0, 0, -0.5f, -0.5f);
    assertThat(result.tokens()).isEqualTo(2);
  }

  @Property
  void lossIsTheSameHoweverTheMiniBatchIsSplit(
      @ForAll @Size(8) List<@FloatRange(min = -9, max = 0) Float> logprobs) {
    SftExample first = SftExample.text(1, 2, 3);
    SftExample second = SftExample.completion(new int[] {1, 2}, new int[] {3, 4, 5});
    float[] one = {0, logprobs.get(0), logprobs.get(1)};
    float[] other = {0, logprobs.get(2), logprobs.get(3), logprobs.get(4), logprobs.get(5)};
    SftObjective objective = new SftObjective(SftExample.learnedTokens(List.of(first, second)));
    double whole = objective.evaluate(List.of(first, second), new float[][] {one, other}).loss();
    double split =
        objective.evaluate(List.of(first), new float[][] {one}).loss()
            + objective.evaluate(List.of(second), new float[][] {other}).loss();
    assertThat(split).isCloseTo(whole, within(1e-9));
    double mean = -(one[1] + (double) one[2] + other[2] + other[3] + other[4]) / 5;
    assertThat(whole).isCloseTo(mean, within(1e-6));
  }

  @Example
  void mistakesAreNamed() {
    assertThatThrownBy(() -> new SftObjective(0))
        .hasMessage("a mini-batch must hold tokens to learn from, had 0");
    assertThatThrownBy(() -> new SftExample(TokenTree.chain(1, 2), new boolean[3]))
        .hasMessage("learned must have 2 values, had 3");
    assertThatThrownBy(() -> new SftExample(TokenTree.chain(1), new boolean[] {true}))
        .hasMessage("the first token is not predicted, so it is not learned");
  }
}
