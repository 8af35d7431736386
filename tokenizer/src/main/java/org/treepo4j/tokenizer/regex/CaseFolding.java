package org.treepo4j.tokenizer.regex;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** Code points that differ only in case, one to one ({@code ß} and {@code ss} are not joined). */
final class CaseFolding {
  /** Folded form → all code points with that form, only where there are several. */
  private static final Map<Integer, List<Integer>> CLASSES = classes();

  private static final CodePointSet CASED = cased();

  private CaseFolding() {}

  /** The set with every code point that equals one of its members in another case. */
  static CodePointSet close(CodePointSet set) {
    int[] bounds = set.and(CASED).bounds();
    SortedSet<Integer> others = new TreeSet<>();
    for (int i = 0; i < bounds.length; i += 2) {
      for (int c = bounds[i]; c <= bounds[i + 1]; c++) {
        others.addAll(CLASSES.get(fold(c)));
      }
    }
    return set.or(CodePointSet.of(others));
  }

  private static int fold(int codePoint) {
    return Character.toLowerCase(Character.toUpperCase(codePoint));
  }

  private static Map<Integer, List<Integer>> classes() {
    Map<Integer, List<Integer>> classes = new HashMap<>();
    for (int c = 0; c < 0x20000; c++) {
      int folded = fold(c);
      if (folded != c) {
        classes.computeIfAbsent(folded, f -> new ArrayList<>(List.of(f))).add(c);
      }
    }
    return classes;
  }

  private static CodePointSet cased() {
    SortedSet<Integer> all = new TreeSet<>();
    CLASSES.values().forEach(all::addAll);
    return CodePointSet.of(all);
  }
}
