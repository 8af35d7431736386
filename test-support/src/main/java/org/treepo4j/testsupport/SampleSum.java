package org.treepo4j.testsupport;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A chain sum: first number, then signed numbers to add; {@code 7+58-13+9=}. */
record SampleSum(int first, List<Integer> others) {

  static SampleSum draw(SplittableRandom random) {
    int first = random.nextInt(3, 80);
    List<Integer> others = new ArrayList<>();
    int total = first;
    int terms = random.nextInt(2, 5);
    for (int i = 0; i < terms; i++) {
      int other = random.nextInt(2, 60);
      boolean minus = total - other >= 0 && random.nextBoolean();
      others.add(minus ? -other : other);
      total += minus ? -other : other;
    }
    return new SampleSum(first, List.copyOf(others));
  }

  String prompt() {
    StringBuilder text = new StringBuilder().append(first);
    others.forEach(other -> text.append(other < 0 ? "" : "+").append(other));
    return text.append('=').toString();
  }

  int answer() {
    return first + others.stream().mapToInt(Integer::intValue).sum();
  }
}
