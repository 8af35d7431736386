package org.treepo4j.grading;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.treepo4j.grading.MismatchedPairs.Pair;

/** A wrong answer that is paid for is learned: none of these may be. */
class MismatchedPairsTest {
  private final AnswerGrader grader = new AnswerGrader();

  @Test
  void noneOfManyWrongAnswersIsAccepted() {
    assertThat(accepted(new MismatchedPairs(21).make(6000))).isEmpty();
  }

  @Property(tries = 20)
  void noneIsAcceptedWhateverTheSeed(@ForAll long seed) {
    assertThat(accepted(new MismatchedPairs(seed).make(100))).isEmpty();
  }

  private List<Pair> accepted(List<Pair> pairs) {
    return pairs.stream().filter(p -> grader.grade(p.prediction(), p.answer()).correct()).toList();
  }
}
