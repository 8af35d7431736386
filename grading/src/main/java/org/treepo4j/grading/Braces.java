package org.treepo4j.grading;

/** Matching braces, as LaTeX counts them. */
final class Braces {
  private Braces() {}

  /** Index of the brace that closes the one at {@code open}, or -1. */
  static int close(String text, int open) {
    int depth = 0;
    for (int i = open; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '{') {
        depth++;
      } else if (c == '}' && --depth == 0) {
        return i;
      }
    }
    return -1;
  }
}
