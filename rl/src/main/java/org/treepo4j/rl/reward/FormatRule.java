package org.treepo4j.rl.reward;

import java.util.regex.Pattern;

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
