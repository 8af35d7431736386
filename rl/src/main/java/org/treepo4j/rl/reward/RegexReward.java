package org.treepo4j.rl.reward;

import java.util.Objects;
import java.util.regex.Pattern;
import org.treepo4j.rl.reward.RewardSettings.FormatRule;

/**
 * One value where a regular expression is found in the response, another where it is not. An
 * expression that runs away overflows the stack or the time limit, and the runner counts that.
 */
record RegexReward(Pattern pattern, double found, double missing) implements Reward {

  public RegexReward {
    Objects.requireNonNull(pattern, "pattern");
  }

  /** The reward for a form of the response: 1 or 0. */
  public static RegexReward of(FormatRule rule) {
    return new RegexReward(rule.pattern(), 1, 0);
  }

  @Override
  public Score score(RewardInput input) throws InterruptedException {
    String text = input.opening() + input.response();
    boolean matches = pattern.matcher(new InterruptibleText(text, 0, text.length())).find();
    return new Score(matches ? found : missing, matches);
  }

  /** Lets an interrupt reach a matcher that backtracks for ever. */
  private record InterruptibleText(String text, int start, int end) implements CharSequence {
    @Override
    public int length() {
      return end - start;
    }

    @Override
    public char charAt(int index) {
      if (Thread.currentThread().isInterrupted()) {
        throw new IllegalStateException("interrupted while matching");
      }
      return text.charAt(start + index);
    }

    @Override
    public CharSequence subSequence(int from, int to) {
      return new InterruptibleText(text, start + from, start + to);
    }

    @Override
    public String toString() {
      return text.substring(start, end);
    }
  }
}
