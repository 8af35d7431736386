package org.treepo4j.rollout;

import java.util.BitSet;

/** Finds a complete {@code \boxed{…}} in text. */
final class BoxedAnswer {
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
