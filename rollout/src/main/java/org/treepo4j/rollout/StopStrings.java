package org.treepo4j.rollout;

import java.util.List;

/**
 * Texts that end a response. The token that completes one stays in the response, for the policy
 * chose it and its log-probability counts; so a response's text may hold the stop string and a few
 * characters more, which {@link #cut} takes away.
 */
final class StopStrings {
  private final List<String> texts;
  private final int longest;

  public StopStrings(List<String> texts) {
    this.texts = List.copyOf(texts);
    longest = texts.stream().mapToInt(String::length).max().orElse(0);
  }

  /** The text before the first stop string; all of it when there is none. */
  public String cut(String text) {
    int end = text.length();
    for (String stop : texts) {
      int at = text.indexOf(stop);
      if (at >= 0) {
        end = Math.min(end, at);
      }
    }
    return text.substring(0, end);
  }

  boolean isEmpty() {
    return texts.isEmpty();
  }

  /** Whether a stop string ends in the text from {@code from} on, even if it begins before. */
  boolean endsAfter(StringBuilder text, int from) {
    int begin = Math.max(0, from - longest + 1);
    for (String stop : texts) {
      if (text.indexOf(stop, begin) >= 0) {
        return true;
      }
    }
    return false;
  }
}
