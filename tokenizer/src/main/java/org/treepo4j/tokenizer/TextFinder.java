package org.treepo4j.tokenizer;

import java.util.List;
import org.treepo4j.tokenizer.regex.CodePointSet;
import org.treepo4j.tokenizer.regex.Regex;

/** Finds the parts of a text that a normalizer replaces or a pre-tokenizer splits at. */
@FunctionalInterface
interface TextFinder {
  /** Tells every match in {@code text} from {@code start} to {@code end}, from left to right. */
  void findAll(String text, int start, int end, Regex.MatchSink sink);

  /** Finds a fixed text; an empty one is never found. */
  static TextFinder literal(String literal) {
    return (text, start, end, sink) -> {
      int at = literal.isEmpty() ? -1 : text.indexOf(literal, start);
      while (at >= 0 && at + literal.length() <= end) {
        sink.match(at, at + literal.length());
        at = text.indexOf(literal, at + literal.length());
      }
    };
  }

  /** Finds every single character of a set. */
  static TextFinder characters(CodePointSet set) {
    return (text, start, end, sink) -> {
      int at = start;
      while (at < end) {
        int c = text.codePointAt(at);
        int next = at + Character.charCount(c);
        if (set.contains(c)) {
          sink.match(at, next);
        }
        at = next;
      }
    };
  }

  /** Finds runs of characters of one of some disjoint sets. */
  static TextFinder runs(List<CodePointSet> sets) {
    return (text, start, end, sink) -> {
      CodePointSet run = null;
      int runStart = start;
      int at = start;
      while (at < end) {
        int c = text.codePointAt(at);
        CodePointSet set = sets.stream().filter(s -> s.contains(c)).findFirst().orElse(null);
        if (set != run) {
          if (run != null) {
            sink.match(runStart, at);
          }
          run = set;
          runStart = at;
        }
        at += Character.charCount(c);
      }
      if (run != null) {
        sink.match(runStart, end);
      }
    };
  }

  /**
   * The text with every match replaced.
   *
   * @throws org.treepo4j.base.InputException when it grows without reason
   */
  default String replaceAll(String text, String replacement) {
    StringBuilder out = new StringBuilder(text.length());
    int[] copied = {0};
    findAll(
        text,
        0,
        text.length(),
        (start, end) -> {
          out.append(text, copied[0], start).append(replacement);
          Normalizer.checkGrowth(text.length(), out.length());
          copied[0] = end;
        });
    return out.append(text, copied[0], text.length()).toString();
  }
}
