package org.treepo4j.grading;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Finds {@code \boxed{…}} and {@code \fbox{…}}. */
final class Boxes {
  private static final int MAX_TRIES = 50;
  private static final int MAX_JOINED = 20;
  private static final int MAX_GAP = 80;

  /** A box from its backslash to behind its brace. */
  private record Box(int start, int end, String content) {}

  /** "y_2 =" right before a box. */
  private static final Pattern DEFINED =
      Pattern.compile("\\\\?[a-zA-Z]+(_\\{?\\w+}?)?\\s*(\\([a-z]\\))?\\s*=\\s*$");

  /** "papers and", "for part (a) and": few words that end in a joining one, now a comma. */
  private static final Pattern PARTS =
      Pattern.compile(
          "(?!.*\\b(not|no|nor|but|wait|than|then|instead)\\b)( *[a-zA-Z()]+){1,4} *, *");

  private Boxes() {}

  /**
   * Content of the last balanced box; boxes listed one after the other ("\boxed{1} and \boxed{2}")
   * are joined by what stands between them: a comma, "and" or "or".
   */
  static Optional<String> last(String text) {
    Box box = before(text, text.length());
    if (box == null) {
      return Optional.empty();
    }
    Set<String> contents = new HashSet<>(Set.of(box.content));
    StringBuilder joined = new StringBuilder(box.content);
    for (int count = 1; count < MAX_JOINED; count++) {
      Box earlier = before(text, box.start);
      if (earlier == null || !isList(text, earlier.end, box.start)) {
        break;
      }
      if (contents.add(earlier.content)) {
        joined.insert(0, earlier.content + Phrases.joint(text, earlier.end, box.start));
      }
      box = earlier;
    }
    return Optional.of(joined.toString());
  }

  private static Box before(String text, int end) {
    int from = end - 1;
    for (int i = 0; i < MAX_TRIES && from >= 0; i++) {
      int start = Math.max(text.lastIndexOf("\\boxed", from), text.lastIndexOf("\\fbox", from));
      if (start < 0) {
        return null;
      }
      Box box = at(text, start);
      if (box != null && box.end <= end) {
        return box;
      }
      from = start - 1;
    }
    return null;
  }

  private static Box at(String text, int start) {
    int open = start + (text.startsWith("\\boxed", start) ? "\\boxed".length() : "\\fbox".length());
    while (open < text.length() && text.charAt(open) == ' ') {
      open++;
    }
    if (open < text.length() && text.charAt(open) == '{') {
      int close = Braces.close(text, open);
      return close < 0 ? null : new Box(start, close + 1, text.substring(open + 1, close).strip());
    }
    int end = open;
    while (end < text.length() && Character.isDigit(text.charAt(end))) {
      end++;
    }
    return end == open ? null : new Box(start, end, text.substring(open, end));
  }

  private static boolean isList(String text, int from, int to) {
    if (to < from || to - from > MAX_GAP || text.substring(from, to).contains("\n\n")) {
      return false;
    }
    String between =
        DEFINED
            .matcher(text.substring(from, to))
            .replaceAll("")
            .replaceAll("\\\\(text|mbox|textbf)\\s*\\{([^{}]*)}", "$2")
            .replaceAll("\\b(and|or)\\b", ",")
            .replaceAll("\\\\q?quad", ",")
            .replaceAll("\\$|\\\\[()\\[\\],; ]|[\\s~*]+", " ");
    return between.chars().noneMatch(Character::isLetterOrDigit)
        ? between.indexOf('=') < 0 && between.indexOf('.') < 0
        : PARTS.matcher(between).matches();
  }
}
