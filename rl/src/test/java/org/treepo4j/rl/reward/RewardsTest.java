package org.treepo4j.rl.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.treepo4j.grading.AnswerGrader;
import org.treepo4j.grading.GradingSettings;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.reward.RewardSettings.FormatRule;
import org.treepo4j.rl.reward.RewardSettings.OutcomeRule;
import org.treepo4j.rollout.FinishReason;

class RewardsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "true | \\boxed{3*5+7}",
        "true | \\boxed{(3\\times 5) + 7 = 22}",
        "true | 3*5=15+7=22;\\boxed{7+5*3}",
        "true | <answer>3 * 5 + 7</answer>",
        "true | We find⏎3*5+7",
        "false | \\boxed{22}",
        "false | \\boxed{3*5+7+3-3}",
        "false | \\boxed{3*5}",
        "false | \\boxed{11+11}",
        "false | \\boxed{3*5+7",
        "false | \\boxed{3*5+(7}",
        "false | \\boxed{7/(5-5)}",
        "false | \\boxed{-3+25}",
        "false | \\boxed{9^9^9}"
      })
  void countdownChecksTheArithmeticAndTheNumbers(boolean solved, String response) throws Exception {
    Task task = Task.of("t", "3,5,7>22:", "{\"target\": 22, \"numbers\": [3, 5, 7]}");
    Score score =
        new CountdownReward(1, -1)
            .score(new RewardInput(task, response.replace('⏎', '\n'), 1, FinishReason.EOS));
    assertThat(score.value()).isEqualTo(solved ? 1 : -1);
    assertThat(score.correct()).isEqualTo(solved);
  }

  @Test
  void scoresCarryTheAnswerThatWasJudged() throws Exception {
    Task task = Task.of("t", "", "7");
    Reward match =
        new WeightedReward(
            List.of(
                new WeightedReward.Part(1, new AnswerMatchReward(new AnswerGrader(), 1, 0)),
                new WeightedReward.Part(1, new OverlongPenalty(9, 3, 1))));
    assertThat(match.score(new RewardInput(task, "so \\boxed{8}", 1, FinishReason.EOS)).answer())
        .contains("8");
  }

  @Test
  void formsAreChecked() throws Exception {
    assertThat(RegexReward.of(FormatRule.BOXED).score(response("so \\boxed{1}")).value()).isOne();
    assertThat(RegexReward.of(FormatRule.BOXED).score(response("\\boxed{1} \\boxed{2}")).value())
        .isZero();
    RegexReward think = RegexReward.of(FormatRule.THINK_ANSWER);
    assertThat(think.score(response("<think>a</think>\n<answer>b</answer>")).value()).isOne();
    assertThat(think.score(response("<think>a</think><answer>b</answer> c")).value()).isZero();
    assertThat(think.score(response("<answer>b</answer>")).value()).isZero();
    assertThat(RegexReward.of(FormatRule.HASHES).score(response("x\n#### 5")).value()).isOne();
  }

  @Test
  void whatThePromptOpenedBelongsToTheForm() throws Exception {
    RegexReward think = RegexReward.of(FormatRule.THINK_ANSWER);
    String rest = "a</think><answer>b</answer>";
    assertThat(think.score(opened("<think>\n", rest)).value()).isOne();
    assertThat(think.score(opened("", rest)).value()).isZero();
    assertThat(think.score(opened("<think>", "<think>" + rest)).value()).isZero();
    assertThat(think.score(opened("<think>\n\n</think>\n\n", "<answer>b</answer>")).value())
        .isOne();
  }

  private static RewardInput opened(String opening, String response) {
    return new RewardInput(task(), response, 1, FinishReason.EOS, opening);
  }

  @Test
  void aRunawayRegexIsCutOffAndCounted() throws Exception {
    Reward evil = new RegexReward(Pattern.compile("(\\w+)+\\1:"), 1, 0);
    try (RewardRunner runner = new RewardRunner(evil, Duration.ofMillis(300), -1, 1)) {
      RewardBatch batch = runner.run(List.of(response("a".repeat(200)), response("aa:")));
      assertThat(batch.scores()).extracting(Score::value).containsExactly(-1.0, 1.0);
      assertThat(batch.counts().late() + batch.counts().threw()).isEqualTo(1);
    }
  }

  @Test
  void settingsSumOutcomeAndShaping() throws Exception {
    RewardSettings settings =
        new RewardSettings(
            OutcomeRule.ANSWER,
            1,
            -1,
            0,
            5,
            60,
            2,
            GradingSettings.defaults(),
            10,
            1,
            FormatRule.BOXED,
            0.5,
            "because",
            0.25,
            List.of(),
            0);
    try (RewardRunner runner = settings.runner(100)) {
      RewardBatch batch =
          runner.run(
              List.of(
                  new RewardInput(task(), "because \\boxed{5}", 95, FinishReason.EOS),
                  new RewardInput(task(), "because 6", 10, FinishReason.EOS)));
      assertThat(batch.scores().get(0).value()).isCloseTo(1 - 0.5 + 0.5 + 0.25, within(1e-12));
      assertThat(batch.scores().get(0).correct()).isTrue();
      assertThat(batch.scores().get(1).value()).isCloseTo(-1 + 0.25, within(1e-12));
      assertThat(batch.scores().get(1).correct()).isFalse();
    }
  }

  @Test
  void settingsNameTheCulprit() {
    RewardSettings defaults = RewardSettings.defaults();
    assertThatThrownBy(
            () ->
                new RewardSettings(
                    OutcomeRule.PROGRAM,
                    1,
                    0,
                    0,
                    5,
                    60,
                    1,
                    defaults.grading(),
                    0,
                    1,
                    null,
                    0,
                    null,
                    0,
                    List.of(),
                    0))
        .hasMessageStartingWith("program must name a program");
    assertThatThrownBy(
            () ->
                new RewardSettings(
                    OutcomeRule.REGEX,
                    1,
                    0,
                    0,
                    5,
                    60,
                    1,
                    defaults.grading(),
                    0,
                    1,
                    null,
                    0,
                    "(",
                    0,
                    List.of(),
                    0))
        .hasMessageStartingWith("regex must be a regular expression");
  }

  private static Task task() {
    return Task.of("t", "p", "5");
  }

  private static RewardInput response(String text) {
    return new RewardInput(task(), text, 1, FinishReason.EOS);
  }
}
