package org.treepo4j.tokenizer.regex;

import java.util.Arrays;
import java.util.SortedSet;
import java.util.TreeSet;

/** An immutable set of code points: sorted disjoint ranges, with bits for the common planes. */
public final class CodePointSet {
  static final CodePointSet NONE = new CodePointSet(new int[0]);
  static final CodePointSet ALL = new CodePointSet(new int[] {0, Character.MAX_CODE_POINT});

  /** Sets of at most this many ranges need no bits beyond Latin-1. */
  private static final int FEW_RANGES = 4;

  /** Inclusive bounds: first, last, first, last, … */
  private final int[] bounds;

  /** One bit per code point from 0: 256 bits for sets of few ranges, else the whole basic plane. */
  private final long[] bits;

  private CodePointSet(int[] bounds) {
    this.bounds = bounds;
    this.bits = new long[bounds.length / 2 <= FEW_RANGES ? 4 : 1024];
    int covered = bits.length * 64 - 1;
    for (int i = 0; i < bounds.length && bounds[i] <= covered; i += 2) {
      for (int c = bounds[i]; c <= Math.min(bounds[i + 1], covered); c++) {
        bits[c >> 6] |= 1L << c;
      }
    }
  }

  static CodePointSet of(int codePoint) {
    return range(codePoint, codePoint);
  }

  static CodePointSet range(int first, int last) {
    return new CodePointSet(new int[] {first, last});
  }

  /** The set with the characters of a text. */
  public static CodePointSet union(CodePointSet set, String characters) {
    SortedSet<Integer> codePoints = new TreeSet<>();
    characters.codePoints().forEach(codePoints::add);
    return set.or(of(codePoints));
  }

  static CodePointSet of(SortedSet<Integer> codePoints) {
    int[] bounds = new int[2 * codePoints.size()];
    int size = 0;
    for (int c : codePoints) {
      if (size > 0 && bounds[size - 1] == c - 1) {
        bounds[size - 1] = c;
      } else {
        bounds[size++] = c;
        bounds[size++] = c;
      }
    }
    return new CodePointSet(Arrays.copyOf(bounds, size));
  }

  /** From sorted, disjoint, non-touching inclusive ranges. */
  static CodePointSet ofSortedBounds(int[] bounds) {
    return new CodePointSet(bounds);
  }

  /** Whether the code point is in the set. */
  public boolean contains(int codePoint) {
    int word = codePoint >> 6;
    if (word < bits.length) {
      return (bits[word] >>> codePoint & 1) != 0;
    }
    int at = Arrays.binarySearch(bounds, codePoint);
    return at >= 0 || (-at - 1) % 2 == 1;
  }

  CodePointSet or(CodePointSet other) {
    int[] merged = new int[bounds.length + other.bounds.length];
    int size = 0;
    int i = 0;
    int j = 0;
    while (i < bounds.length || j < other.bounds.length) {
      boolean mine =
          j >= other.bounds.length || (i < bounds.length && bounds[i] <= other.bounds[j]);
      int first = mine ? bounds[i] : other.bounds[j];
      int last = mine ? bounds[i + 1] : other.bounds[j + 1];
      if (mine) {
        i += 2;
      } else {
        j += 2;
      }
      if (size > 0 && first <= merged[size - 1] + 1) {
        merged[size - 1] = Math.max(merged[size - 1], last);
      } else {
        merged[size++] = first;
        merged[size++] = last;
      }
    }
    return new CodePointSet(Arrays.copyOf(merged, size));
  }

  CodePointSet not() {
    int[] gaps = new int[bounds.length + 2];
    int size = 0;
    int next = 0;
    for (int i = 0; i < bounds.length; i += 2) {
      if (bounds[i] > next) {
        gaps[size++] = next;
        gaps[size++] = bounds[i] - 1;
      }
      next = bounds[i + 1] + 1;
    }
    if (next <= Character.MAX_CODE_POINT) {
      gaps[size++] = next;
      gaps[size++] = Character.MAX_CODE_POINT;
    }
    return new CodePointSet(Arrays.copyOf(gaps, size));
  }

  CodePointSet and(CodePointSet other) {
    return not().or(other.not()).not();
  }

  boolean isDisjoint(CodePointSet other) {
    return and(other).bounds.length == 0;
  }

  /** Inclusive bounds of the ranges, in order. */
  int[] bounds() {
    return bounds.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CodePointSet set && Arrays.equals(bounds, set.bounds);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bounds);
  }
}
