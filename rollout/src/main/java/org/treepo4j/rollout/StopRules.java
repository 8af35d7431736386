package org.treepo4j.rollout;

import java.util.HashSet;
import java.util.Set;

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
}
