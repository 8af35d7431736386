package org.treepo4j.tokenizer.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** {@code str.split} and its kin. */
final class Splitting {
  private Splitting() {}

  /** From the left, at most {@code most} times; at runs of white space without a separator. */
  static List<Object> split(String text, Object separator, long most) {
    long left = most < 0 ? Long.MAX_VALUE : most;
    List<Object> parts = new ArrayList<>();
    if (separator == null) {
      int at = nextWord(text, 0);
      while (at < text.length()) {
        if (left-- == 0) {
          parts.add(PythonText.rstrip(text.substring(at)));
          return parts;
        }
        int end = at;
        while (end < text.length() && !PythonText.isSpace(text.charAt(end))) {
          end++;
        }
        parts.add(text.substring(at, end));
        at = nextWord(text, end);
      }
      return parts;
    }
    String at = separator(separator);
    int from = 0;
    for (int found = text.indexOf(at); found >= 0 && left-- > 0; found = text.indexOf(at, from)) {
      parts.add(text.substring(from, found));
      from = found + at.length();
    }
    parts.add(text.substring(from));
    return parts;
  }

  /** From the right. */
  static List<Object> splitFromEnd(String text, Object separator, long most) {
    long left = most < 0 ? Long.MAX_VALUE : most;
    List<Object> parts = new ArrayList<>();
    if (separator == null) {
      int end = lastWordEnd(text, text.length());
      while (end > 0) {
        if (left-- == 0) {
          parts.add(PythonText.lstrip(text.substring(0, end), c -> PythonText.isSpace(c)));
          break;
        }
        int start = end;
        while (start > 0 && !PythonText.isSpace(text.charAt(start - 1))) {
          start--;
        }
        parts.add(text.substring(start, end));
        end = lastWordEnd(text, start);
      }
    } else {
      String at = separator(separator);
      int to = text.length();
      for (int found = text.lastIndexOf(at); found >= 0 && left-- > 0; ) {
        parts.add(text.substring(found + at.length(), to));
        to = found;
        found = to - at.length() < 0 ? -1 : text.lastIndexOf(at, to - at.length());
      }
      parts.add(text.substring(0, to));
    }
    Collections.reverse(parts);
    return parts;
  }

  private static int nextWord(String text, int from) {
    int at = from;
    while (at < text.length() && PythonText.isSpace(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static int lastWordEnd(String text, int before) {
    int end = before;
    while (end > 0 && PythonText.isSpace(text.charAt(end - 1))) {
      end--;
    }
    return end;
  }

  private static String separator(Object separator) {
    if (!(separator instanceof String text)) {
      throw JinjaException.type("must be str or None, not " + Values.typeName(separator));
    }
    if (text.isEmpty()) {
      throw JinjaException.value("empty separator");
    }
    return text;
  }

  static List<Object> lines(String text, boolean keepEnds) {
    List<Object> lines = new ArrayList<>();
    int from = 0;
    while (from < text.length()) {
      int end = from;
      while (end < text.length() && !isLineEnd(text.charAt(end))) {
        end++;
      }
      int next = end;
      if (next < text.length()) {
        next += text.startsWith("\r\n", next) ? 2 : 1;
      }
      lines.add(text.substring(from, keepEnds ? next : end));
      from = next;
    }
    return lines;
  }

  private static boolean isLineEnd(char c) {
    return (c >= '\n' && c <= '\r')
        || (c >= 0x1C && c <= 0x1E)
        || c == 0x85
        || c == 0x2028
        || c == 0x2029;
  }
}
