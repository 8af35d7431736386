package org.treepo4j.rollout;

import java.util.HashMap;
import java.util.Map;

/** Finds text that repeats itself. */
final class Repetition {
  private Repetition() {}

  /**
   * Whether some substring of {@code length} UTF-16 characters occurs at least {@code count} times;
   * overlapping occurrences count.
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
