package org.treepo4j.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.rollout.RolloutSettings.AnswerPolicy;
import org.treepo4j.rollout.RolloutSettings.RepetitionPolicy;
import org.treepo4j.rollout.StopRules.BoxedAnswer;
import org.treepo4j.rollout.StopRules.Repetition;

class StopRulesTest {
  private static final List<String> TEXTS =
      List.of("", "\\bo", "xed{", "4", "}", "lolololol", " st", "op now", "\\boxed{\\frac{1}{2}}");

  private final Settings settings = new Settings();

  @Test
  void anAnswerCutBySegmentBordersIsFound() {
    settings.answerPolicy = AnswerPolicy.BOXED_AS_EOS;

    assertThat(finish(false, 1, 2, 3)).isNull();
    assertThat(finish(false, 1, 2, 3, 4)).isEqualTo(FinishReason.ANSWERED);
  }

  @Test
  void boxedAndEosWantsBoth() {
    assertThat(finish(false, 8)).isNull();
    assertThat(finish(true, 8, 0)).isEqualTo(FinishReason.ANSWERED);
    assertThat(finish(true, 3, 0)).isEqualTo(FinishReason.EOS);
  }

  @Test
  void limitsComeAfterAnswersAndEnds() {
    settings.segmentLength = 2;
    settings.maxDepth = 2;
    settings.maxResponseTokens = 3;

    assertThat(finish(false, 3, 3)).isNull();
    assertThat(finish(false, 3, 3, 3)).isEqualTo(FinishReason.MAX_RESPONSE_TOKENS);
    settings.maxResponseTokens = 9;
    assertThat(finish(false, 3, 3, 3)).isEqualTo(FinishReason.MAX_DEPTH);
    assertThat(finish(true, 3, 3, 0)).isEqualTo(FinishReason.EOS);
  }

  @Test
  void repetitionComesFirstOrLastOrNever() {
    settings.maxResponseTokens = 2;
    settings.repetitionPolicy = RepetitionPolicy.MOST_PRIORITIZED;
    assertThat(finish(true, 5, 0)).isEqualTo(FinishReason.REPETITION);

    settings.repetitionPolicy = RepetitionPolicy.LEAST_PRIORITIZED;
    assertThat(finish(true, 5, 0)).isEqualTo(FinishReason.EOS);
    assertThat(finish(false, 5)).isEqualTo(FinishReason.REPETITION);

    settings.repetitionPolicy = RepetitionPolicy.NONE;
    assertThat(finish(false, 5)).isNull();
  }

  @Test
  void overlappingRepetitionsCount() {
    assertThat(Repetition.isFound("lololol", 3, 3)).isTrue();
    assertThat(Repetition.isFound("lololol", 3, 4)).isFalse();
    assertThat(Repetition.isFound("x".repeat(39), 32, 8)).isTrue();
    assertThat(Repetition.isFound("x".repeat(38), 32, 8)).isFalse();
    assertThat(Repetition.isFound("", 1, 2)).isFalse();
  }

  @Test
  void bracesOfAnAnswerBalance() {
    assertThat(BoxedAnswer.isComplete("so \\boxed{\\frac{1}{2}} it is")).isTrue();
    assertThat(BoxedAnswer.isComplete("so \\boxed{\\frac{1}{2}")).isFalse();
    assertThat(BoxedAnswer.isComplete("\\boxed{\\{1, 2\\}}")).isTrue();
    assertThat(BoxedAnswer.isComplete("\\boxed{1 \\}")).isFalse();
    assertThat(BoxedAnswer.isComplete("} \\boxed{a \\boxed{7}")).isTrue();
    assertThat(BoxedAnswer.isComplete("line\\\\\\boxed{}")).isTrue();
    assertThat(BoxedAnswer.isComplete("\\\\boxed{5}")).isTrue();
    assertThat(BoxedAnswer.isComplete("{boxed{5}}")).isFalse();
    assertThat(BoxedAnswer.isComplete("\\")).isFalse();
  }

  @Test
  void stopStringsMaySpanTokens() {
    settings.stopStrings = List.of("stop", "zzz");
    StopRules rules = new StopRules(settings.build(), new int[] {0});
    ResponseText response = ResponseText.of(() -> TEXTS::get, GrowingNode.root());

    assertThat(rules.ends(6, response)).isFalse();
    assertThat(rules.ends(7, response)).isTrue();
  }

  @Test
  void stopTokensEnd() {
    settings.stopTokenIds = List.of(3);
    StopRules rules = new StopRules(settings.build(), new int[] {0});
    ResponseText response = ResponseText.of(() -> TEXTS::get, GrowingNode.root());

    assertThat(rules.ends(2, response)).isFalse();
    assertThat(rules.ends(3, response)).isTrue();
    assertThat(rules.ends(0, response)).isTrue();
  }

  private FinishReason finish(boolean ended, int... tokens) {
    ResponseText response = ResponseText.of(() -> TEXTS::get, GrowingNode.root());
    response.beginSegment();
    for (int token : tokens) {
      response.append(token);
    }
    return new StopRules(settings.build(), new int[] {0})
        .classify(response, tokens.length, settings.maxResponseTokens, ended);
  }
}
