package org.treepo4j.rollout;

import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.treepo4j.rollout.RolloutSettings.RepetitionPolicy;

/** When a segment stops and when a path is finished (algorithm page, 2.1). */
final class StopRules {
  private final RolloutSettings settings;
  private final StopStrings stopStrings;
  private final Set<Integer> endTokens;

  /**
   * @param eosTokenIds the model's own end-of-sequence ids
   */
  StopRules(RolloutSettings settings, int[] eosTokenIds) {
    this.settings = settings;
    stopStrings = new StopStrings(settings.sampling().stopStrings());
    endTokens = new HashSet<>(settings.sampling().stopTokenIds());
    for (int id : eosTokenIds) {
      endTokens.add(id);
    }
  }

  /** Whether the token ends the response; takes its text in. */
  boolean ends(int token, ResponseText response) {
    int before = response.append(token);
    return endTokens.contains(token)
        || (!stopStrings.isEmpty() && stopStrings.endsAfter(response.text(), before));
  }

  /**
   * Why a path is finished, or null while it stays active. Answers are looked for in the whole
   * response, so that one cut by a segment border is found.
   *
   * @param length response tokens
   * @param most response tokens it may have
   * @param ended whether its last token ends the response
   */
  FinishReason classify(ResponseText response, int length, int most, boolean ended) {
    if (repeats(RepetitionPolicy.MOST_PRIORITIZED, response)) {
      return FinishReason.REPETITION;
    }
    boolean boxed = BoxedAnswer.isComplete(response.text().toString());
    if (settings.answerPolicy().answered(boxed, ended)) {
      return FinishReason.ANSWERED;
    }
    if (ended) {
      return FinishReason.EOS;
    }
    if (length >= most) {
      return FinishReason.MAX_RESPONSE_TOKENS;
    }
    if (depth(length, settings.segmentLength()) >= settings.maxDepth()) {
      return FinishReason.MAX_DEPTH;
    }
    return repeats(RepetitionPolicy.LEAST_PRIORITIZED, response) ? FinishReason.REPETITION : null;
  }

  /**
   * Segments that {@code length} response tokens take. Counted in tokens, so that a segment cut in
   * two by a fallback does not count twice.
   */
  static int depth(int length, int segmentLength) {
    return length == 0 ? 0 : (length - 1) / segmentLength + 1;
  }

  private boolean repeats(RepetitionPolicy policy, ResponseText response) {
    return settings.repetitionPolicy() == policy
        && Repetition.isFound(
            response.segment(), settings.repetitionLength(), settings.repetitionCount());
  }

  /**
   * Texts that end a response. The token that completes one stays in the response, for the policy
   * chose it and its log-probability counts; so a response's text may hold the stop string and a
   * few characters more.
   */
  static final class StopStrings {
    private final List<String> texts;
    private final int longest;

    StopStrings(List<String> texts) {
      this.texts = List.copyOf(texts);
      longest = texts.stream().mapToInt(String::length).max().orElse(0);
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

  /** Finds a complete {@code \boxed{…}} in text. */
  static final class BoxedAnswer {
    private static final String OPENING = "\\boxed{";

    private BoxedAnswer() {}

    /** Whether the text holds one whose braces balance; a brace after a backslash is text. */
    static boolean isComplete(String text) {
      BitSet boxes = new BitSet();
      int open = 0;
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (text.startsWith(OPENING, i)) {
          boxes.set(open++);
          i += OPENING.length() - 1;
        } else if (c == '\\' && !text.startsWith(OPENING, i + 1)) {
          i++;
        } else if (c == '{') {
          boxes.clear(open++);
        } else if (c == '}' && open > 0 && boxes.get(--open)) {
          return true;
        }
      }
      return false;
    }
  }

  /** Finds text that repeats itself. */
  static final class Repetition {
    private Repetition() {}

    /**
     * Whether some substring of {@code length} UTF-16 characters occurs at least {@code count}
     * times; overlapping occurrences count.
     */
    static boolean isFound(String text, int length, int count) {
      if (text.length() < (long) length + count - 1) {
        return false;
      }
      Map<String, Integer> seen = new HashMap<>();
      for (int i = 0; i + length <= text.length(); i++) {
        if (seen.merge(text.substring(i, i + length), 1, Integer::sum) >= count) {
          return true;
        }
      }
      return false;
    }
  }
}
