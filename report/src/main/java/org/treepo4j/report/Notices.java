package org.treepo4j.report;

import java.util.ArrayList;
import java.util.List;

/**
 * What a reader of the report must be told: lines that could not be read, data left out. A bad line
 * does not hide the rest of a run, so it is noted here and not thrown.
 */
final class Notices {
  private static final int LIMIT = 20;

  private final List<String> lines = new ArrayList<>();
  private int beyondLimit;

  void add(String line) {
    if (lines.size() < LIMIT) {
      lines.add(line);
    } else {
      beyondLimit++;
    }
  }

  List<String> toList() {
    List<String> all = new ArrayList<>(lines);
    if (beyondLimit > 0) {
      all.add("and " + beyondLimit + " more notices like these");
    }
    return all;
  }
}
