package org.treepo4j.rl.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.base.settings.SettingsException;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rollout.FinishReason;

class ProgramRewardTest {
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final Duration LONG = Duration.ofSeconds(60);

  private static final String ECHO =
      "while read line; do case \"$line\" in *die*) exit 3;; *slow*) sleep 30;; *junk*) echo junk;;"
          + " *) echo '{\"score\": 0.25}';; esac; done";

  /** Answers with the request's number. */
  private static final String NUMBERED =
      "while read line; do id=${line#*\\\"id\\\":}; id=${id%%,*};"
          + " echo \"{\\\"id\\\": $((id - OFF)), \\\"score\\\": 0.5}\"; done";

  @Test
  void aProgramScoresLineByLineAndIsRestartedWhenItDies() throws Exception {
    ProgramReward reward = reward(LONG, SHORT, "echo '{\"ready\": true}'; " + ECHO);
    try (RewardRunner runner = new RewardRunner(reward, SHORT, -1, 1)) {
      RewardBatch batch = runner.run(responses("fine", "die", "fine", "junk", "slow", "fine"));
      assertThat(batch.scores())
          .extracting(Score::value)
          .containsExactly(0.25, -1.0, 0.25, -1.0, -1.0, 0.25);
      assertThat(batch.counts().threw()).isEqualTo(3);
      assertThat(batch.scores().get(0).correct()).isTrue();
      assertThat(batch.counts().firstFailure())
          .contains("sh: ended without an answer, exit code 3");
      assertThat(reward.restarts()).isEqualTo(3);
    }
  }

  @Test
  void startingHasItsOwnLimit() throws Exception {
    ProgramReward reward = reward(LONG, SHORT, "sleep 3; " + ECHO);
    try (RewardRunner runner = new RewardRunner(reward, SHORT, -1, 2)) {
      RewardBatch batch = runner.run(responses("a", "b", "c"));
      assertThat(batch.scores()).extracting(Score::value).containsOnly(0.25);
      assertThat(batch.counts().threw() + batch.counts().late()).isZero();
      assertThat(reward.restarts()).isZero();
    }
  }

  @Test
  void startingHasItsOwnLimitAlsoInASum() throws Exception {
    Reward sum =
        new WeightedReward(
            List.of(
                new WeightedReward.Part(1, new OverlongPenalty(9, 3, 1)),
                new WeightedReward.Part(2, reward(LONG, SHORT, "sleep 3; " + ECHO))));
    try (RewardRunner runner = new RewardRunner(sum, SHORT, -1, 1)) {
      assertThat(runner.run(responses("a")).scores()).extracting(Score::value).contains(0.5);
    }
  }

  @Test
  void aProgramThatNeverStartsIsEndedAtThatLimit() throws Exception {
    ProgramReward reward = reward(Duration.ofMillis(500), SHORT, "sleep 100");
    try (RewardRunner runner = new RewardRunner(reward, SHORT, -1, 1)) {
      RewardBatch batch = runner.run(responses("a"));
      assertThat(batch.counts().threw()).isOne();
      assertThat(batch.counts().firstFailure().orElseThrow())
          .isEqualTo(
              "sh: no answer within 1.5 s of its start"
                  + " (reward.startLimitSeconds and reward.timeLimitSeconds)");
    }
  }

  @Test
  void onceReadyAProgramHasTheTimeOfAnAnswerOnly() throws Exception {
    ProgramReward reward = reward(LONG, SHORT, "echo '{\"ready\": true}'; " + ECHO);
    try (RewardRunner runner = new RewardRunner(reward, SHORT, -1, 1)) {
      RewardBatch batch = runner.run(responses("slow"));
      assertThat(batch.counts().firstFailure())
          .contains("sh: no answer within 1 s (reward.timeLimitSeconds)");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // a surplus line with each answer, with one answer, late, and at the start
        "while read line; do echo '{\"score\": 0.25}'; echo '{\"score\": 0.75}'; done",
        "read line; echo '{\"score\": 1}'; echo; echo '{\"score\": 0}'; " + ECHO,
        "read line; echo '{\"score\": 1}'; read line; echo '{\"score\": 1}'; sleep 0.2;"
            + " echo '{\"score\": 0}'; while read line; do sleep 0.05; echo '{\"score\": 1}'; done",
        "echo '{\"score\": 1}'; " + ECHO,
      })
  void aSurplusLineStopsTheRunAtTheLatestWhenItEnds(String script) {
    assertThatThrownBy(
            () -> {
              try (RewardRunner runner =
                  new RewardRunner(reward(LONG, LONG, script), LONG, -1, 1)) {
                runner.run(Collections.nCopies(12, response("x")));
              }
            })
        .isInstanceOf(RewardException.class)
        .hasMessageContaining("sh: wrote more lines than it was asked for");
  }

  /** In time it stops the run; else it fails the next response. */
  @Test
  void aSurplusLineThatIsNoAnswerNeverBecomesAScore() throws Exception {
    String script = "read line; echo '{\"score\": 0.25}'; echo bye; " + ECHO;
    try (RewardRunner runner = new RewardRunner(reward(LONG, LONG, script), LONG, -1, 1)) {
      assertThat(runner.run(Collections.nCopies(12, response("x"))).scores())
          .extracting(Score::value)
          .containsOnly(0.25, -1.0);
    } catch (RewardException e) {
      assertThat(e).hasMessageContaining("sh: wrote more lines than it was asked for");
    }
  }

  @Test
  void answersMayCarryTheRequestsNumber() throws Exception {
    try (RewardRunner runner = runner(NUMBERED.replace("OFF", "0"))) {
      assertThat(runner.run(responses("a", "b")).scores())
          .extracting(Score::value)
          .containsOnly(0.5);
    }
  }

  @Test
  void anAnswerToAnotherRequestStopsTheRun() {
    assertThatThrownBy(
            () -> {
              try (RewardRunner runner = runner(NUMBERED.replace("OFF", "1"))) {
                runner.run(responses("a", "b"));
              }
            })
        .isInstanceOf(RewardException.class)
        .hasMessageMatching("sh: answered request (1 with \"id\": 0|2 with \"id\": 1);.*");
  }

  @Test
  void aFarewellOnceItsInputEndsIsNoSurplus() throws Exception {
    try (RewardRunner runner = runner(ECHO + "; echo 'that was all'")) {
      assertThat(runner.run(responses("a")).counts().threw()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"no-such-program-4711", "/no/such/program", "/tmp", ""})
  void aProgramThatDoesNotExistIsRefusedBeforeARun(String program) {
    RewardSettings settings = RewardSettings.defaults().withProgram(List.of(program, "score.js"));
    assertThatThrownBy(settings::requireProgram)
        .isInstanceOf(SettingsException.class)
        .hasMessageStartingWith("reward.program: no program \"" + program + "\"");
    assertThatThrownBy(() -> settings.runner(100)).isInstanceOf(SettingsException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          echo note >&2; echo 'no script' >&2; exit 2 | sh: ended without an answer, exit code 2; the last it said was: no script
          cat                                         | score: expected a number
          read l; echo '{"score": 1}'; echo '{"score": 2}' | wrote more lines than it was asked for
          sleep 60                                    | no answer within 1.5 s of its start
          """)
  void aProgramThatCannotScoreIsToldBeforeARun(String script, String problem) {
    RewardSettings settings =
        Settings.of(RewardSettings.defaults().withProgram(List.of("sh", "-c", script)))
            .set("startLimitSeconds", 1)
            .set("timeLimitSeconds", 0.5)
            .build();
    assertThatThrownBy(() -> settings.tryProgram(Task.of("t:1", "p", "5"), ""))
        .isInstanceOf(SettingsException.class)
        .hasMessageStartingWith("reward.program: gave no score for the answer of task t:1: sh: ")
        .hasMessageContaining(problem);
  }

  @Test
  void aProgramThatScoresIsTriedWithoutAWord() throws Exception {
    RewardSettings scoring =
        RewardSettings.defaults().withProgram(List.of("sh", "-c", "echo loaded >&2; " + ECHO));
    scoring.tryProgram(Task.of("t:1", "p", "5"), "");
    RewardSettings unused =
        Settings.of(RewardSettings.defaults()).set("program", List.of("/no/such/program")).build();
    unused.tryProgram(Task.of("t:1", "p", "5"), "");
  }

  @Test
  void aProgramOnThePathIsFound() throws Exception {
    RewardSettings settings =
        RewardSettings.defaults().withProgram(List.of("sh", "-c", ECHO.replace("0.25", "0.75")));
    settings.requireProgram();
    try (RewardRunner runner = settings.runner(100)) {
      assertThat(runner.run(responses("a")).scores()).containsExactly(new Score(0.75, true));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "KILL", "exit", "crash"})
  void programsAndWhatTheyStartedEndWithUs(String how) throws Exception {
    Process ours =
        new ProcessBuilder(
                java(),
                "-cp",
                System.getProperty("java.class.path"),
                HangingRun.class.getName(),
                how)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    List<ProcessHandle> children = new ArrayList<>();
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(ours.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = out.readLine();
          line != null && !line.equals("all");
          line = out.readLine()) {
        ProcessHandle.of(Long.parseLong(line)).ifPresent(children::add);
      }
      assertThat(children).as("the program, its child and the watchdog").hasSize(3);
      if (how.equals("TERM")) {
        ours.destroy(); // SIGTERM
      } else if (how.equals("KILL")) {
        ours.destroyForcibly();
      } else {
        ours.getOutputStream().close();
      }
      assertThat(ours.waitFor(60, TimeUnit.SECONDS)).isTrue();
      for (ProcessHandle child : children) {
        child.onExit().get(60, TimeUnit.SECONDS);
      }
    } finally {
      ours.destroyForcibly();
      children.forEach(ProcessHandle::destroyForcibly);
    }
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private static RewardRunner runner(String script) {
    return new RewardRunner(reward(LONG, LONG, script), LONG, -1, 1);
  }

  private static ProgramReward reward(Duration start, Duration answer, String script) {
    return new ProgramReward(List.of("sh", "-c", script), start, answer, 1);
  }

  private static List<RewardInput> responses(String... texts) {
    return List.of(texts).stream().map(ProgramRewardTest::response).toList();
  }

  private static RewardInput response(String text) {
    return new RewardInput(Task.of("t", "p", "5"), text, 1, FinishReason.EOS);
  }
}
