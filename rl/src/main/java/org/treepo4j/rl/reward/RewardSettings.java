package org.treepo4j.rl.reward;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.base.settings.SettingsException;
import org.treepo4j.grading.AnswerGrader;
import org.treepo4j.grading.GradingSettings;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rollout.FinishReason;

/**
 * Which rewards are summed, and what happens when one fails: the {@code reward} settings. The
 * outcome counts once; shaping is added where its weight is not 0.
 */
public record RewardSettings(
    @Setting("what decides: answer, countdown, regex or program") OutcomeRule outcome,
    @Setting(value = "reward for a correct outcome (a program gives its own)", max = 1e6)
        double correct,
    @Setting(value = "reward for a wrong or missing outcome; -1 as in DAPO", max = 1e6)
        double wrong,
    @Setting(value = "reward when scoring throws or is late", max = 1e6) double failure,
    @Setting(value = "seconds one response may be scored", max = 86_400) double timeLimitSeconds,
    @Setting(value = "seconds more that a program has for its first answer, to start", max = 86_400)
        double startLimitSeconds,
    @Setting(value = "how many responses are scored at once", mayChange = true, max = 1024)
        int threads,
    @Setting("how final answers are found") GradingSettings grading,
    @Setting(
            value =
                "tokens before maxResponseTokens in which the overlong penalty grows; 0: no penalty",
            max = 1 << 20)
        int overlongBuffer,
    @Setting(value = "the largest overlong penalty (recipe: 1)", max = 1e6) double overlongFactor,
    @Setting("a form asked of the response: boxed, think_answer or hashes; unset for none")
        FormatRule format,
    @Setting(value = "reward for the form", max = 1e6) double formatWeight,
    @Setting("regular expression looked for in the response; unset for none") String regex,
    @Setting(value = "reward for a match, where the outcome is something else", max = 1e6)
        double regexWeight,
    @Setting("external scoring program and its arguments, JSON lines in and out")
        List<String> program,
    @Setting(
            value = "weight of the program's score, where the outcome is something else",
            max = 1e6)
        double programWeight) {

  public RewardSettings {
    if (!(timeLimitSeconds > 0)) {
      throw new IllegalArgumentException(
          "timeLimitSeconds must be positive, was " + timeLimitSeconds);
    }
    if (!(startLimitSeconds >= 0)) {
      throw new IllegalArgumentException(
          "startLimitSeconds must not be negative, was " + startLimitSeconds);
    }
    if (threads <= 0) {
      throw new IllegalArgumentException("threads must be positive, was " + threads);
    }
    if (overlongBuffer < 0) {
      throw new IllegalArgumentException(
          "overlongBuffer must not be negative, was " + overlongBuffer);
    }
    program = List.copyOf(program);
    if ((outcome == OutcomeRule.PROGRAM || programWeight != 0) && program.isEmpty()) {
      throw new IllegalArgumentException("program must name a program, was empty");
    }
    if ((outcome == OutcomeRule.REGEX || regexWeight != 0) && regex == null) {
      throw new IllegalArgumentException("regex must be given, was nothing");
    }
    if (formatWeight != 0 && format == null) {
      throw new IllegalArgumentException("format must be given, was nothing");
    }
    try {
      Optional.ofNullable(regex).ifPresent(Pattern::compile);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "regex must be a regular expression, " + e.getDescription() + ": " + regex);
    }
  }

  public static RewardSettings defaults() {
    return new RewardSettings(
        OutcomeRule.ANSWER,
        1,
        0,
        0,
        5,
        60,
        2,
        GradingSettings.defaults(),
        0,
        1,
        null,
        0,
        null,
        0,
        List.of(),
        0);
  }

  /** The same with an external program that decides. */
  public RewardSettings withProgram(List<String> command) {
    return new RewardSettings(
        OutcomeRule.PROGRAM,
        correct,
        wrong,
        failure,
        timeLimitSeconds,
        startLimitSeconds,
        threads,
        grading,
        overlongBuffer,
        overlongFactor,
        format,
        formatWeight,
        regex,
        regexWeight,
        command,
        programWeight);
  }

  /**
   * Refuses a program that is not there; one that these settings do not use may be absent.
   *
   * @throws SettingsException that names it
   */
  public void requireProgram() {
    if (usesProgram() && !ScoringProgram.exists(program.get(0))) {
      throw new SettingsException(
          "reward.program: no program \"%s\" that can be run; expected a path or a name on the PATH"
              .formatted(program.get(0)));
    }
  }

  private boolean usesProgram() {
    return outcome == OutcomeRule.PROGRAM || programWeight != 0;
  }

  /**
   * Has a program that is used score one response, the task's own answer: what ends at once, such
   * as an interpreter that does not find its script, is told before anything is computed.
   *
   * @param opening what the prompt already says of the response
   * @throws SettingsException with what the program did and the last it said
   */
  public void tryProgram(Task task, String opening) throws IOException {
    requireProgram();
    if (!usesProgram()) {
      return;
    }
    RewardInput input = new RewardInput(task, task.answer(), 1, FinishReason.EOS, opening);
    try {
      Optional<String> problem =
          ProgramTrial.problem(program, duration(startLimitSeconds), timeLimit(), input);
      if (problem.isPresent()) {
        throw new SettingsException(
            "reward.program: gave no score for the answer of task %s: %s"
                .formatted(task.id(), problem.get()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("reward.program: interrupted while it was tried");
    }
  }

  /**
   * The runner these settings describe.
   *
   * @param maxResponseTokens the longest response that is sampled, for the overlong penalty
   * @throws SettingsException for a program that is not there
   */
  public RewardRunner runner(int maxResponseTokens) {
    requireProgram();
    List<WeightedReward.Part> parts = new ArrayList<>();
    parts.add(new WeightedReward.Part(1, outcomeReward()));
    if (overlongBuffer > 0) {
      OverlongPenalty penalty =
          new OverlongPenalty(maxResponseTokens, overlongBuffer, overlongFactor);
      parts.add(new WeightedReward.Part(1, penalty));
    }
    if (formatWeight != 0) {
      parts.add(new WeightedReward.Part(formatWeight, RegexReward.of(format)));
    }
    if (regexWeight != 0 && outcome != OutcomeRule.REGEX) {
      RegexReward match = new RegexReward(Pattern.compile(regex), 1, 0);
      parts.add(new WeightedReward.Part(regexWeight, match));
    }
    if (programWeight != 0 && outcome != OutcomeRule.PROGRAM) {
      parts.add(new WeightedReward.Part(programWeight, programReward()));
    }
    return runner(parts.size() == 1 ? parts.get(0).reward() : new WeightedReward(parts));
  }

  /** A runner of another reward, with the time limit, failure score and threads of the settings. */
  public RewardRunner runner(Reward reward) {
    return new RewardRunner(reward, timeLimit(), failure, threads);
  }

  private Reward outcomeReward() {
    return switch (outcome) {
      case ANSWER -> new AnswerMatchReward(new AnswerGrader(grading), correct, wrong);
      case COUNTDOWN -> new CountdownReward(correct, wrong);
      case REGEX -> new RegexReward(Pattern.compile(regex), correct, wrong);
      case PROGRAM -> programReward();
    };
  }

  private ProgramReward programReward() {
    return new ProgramReward(program, duration(startLimitSeconds), timeLimit(), threads);
  }

  private Duration timeLimit() {
    return duration(timeLimitSeconds);
  }

  private static Duration duration(double seconds) {
    return Duration.ofNanos((long) (seconds * 1e9));
  }

  /** What decides whether a response is correct. */
  public enum OutcomeRule {
    /** The final answer equals the task's answer. */
    ANSWER,
    /** The final expression reaches the target with the given numbers ({@link CountdownReward}). */
    COUNTDOWN,
    /** The regular expression is found in the response. */
    REGEX,
    /** The external program says so. */
    PROGRAM
  }

  /** Forms a response can be asked to have. */
  public enum FormatRule {
    /** Exactly one {@code \boxed{…}}. */
    BOXED("(?s)^(?!.*\\\\boxed.*\\\\boxed).*\\\\boxed\\s*\\{.+\\}.*$"),
    /** {@code <think>…</think>} and then {@code <answer>…</answer>}, each once and nothing else. */
    THINK_ANSWER(
        "(?s)^\\s*<think>((?!</?think>|</?answer>).)*</think>\\s*"
            + "<answer>((?!</?think>|</?answer>).)*</answer>\\s*$"),
    /** One line {@code #### …} at the end, as in GSM8K. */
    HASHES("(?s)^(?!.*####.*####).*####[^\\n]*\\S[^\\n]*\\s*$");

    private final Pattern pattern;

    FormatRule(String regex) {
      this.pattern = Pattern.compile(regex);
    }

    Pattern pattern() {
      return pattern;
    }
  }
}
