package org.treepo4j.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Chooses the trees that fit into a number of bytes: first one tree of every step, beginning with
 * the last and the first step and halving the gaps between them, then a second one of every step,
 * and so on.
 */
final class TreeSampling {
  private static final int GIVE_UP_AFTER = 64;

  private final TreeMap<Long, JsonLines> files;
  private final Notices notices;
  private final TreeMap<Long, ArrayNode> chosen = new TreeMap<>();
  private long bytesLeft;
  private int kept;
  private int refusedInARow;

  TreeSampling(Map<Long, JsonLines> files, long bytes, Notices notices) {
    this.files = new TreeMap<>(files);
    this.bytesLeft = bytes;
    this.notices = notices;
  }

  /** {@code [{"step":12,"of":4,"trees":[…]},…]} in the order of steps; "of" counts the file's. */
  ArrayNode choose() throws IOException {
    List<Long> order = spread(new ArrayList<>(files.keySet()));
    int deepest = files.values().stream().mapToInt(JsonLines::size).max().orElse(0);
    for (int round = 0; round < deepest && refusedInARow < GIVE_UP_AFTER; round++) {
      for (long step : order) {
        if (round < files.get(step).size() && refusedInARow < GIVE_UP_AFTER) {
          consider(step, round);
        }
      }
    }
    return toJson();
  }

  private void consider(long step, int index) throws IOException {
    JsonLines file = files.get(step);
    ObjectNode tree;
    try {
      tree = TreeEncoder.encode(file.object(index), file.place(index));
    } catch (ReportException e) {
      notices.add("left out: " + e.getMessage());
      return;
    }
    long size = ReportData.embedded(tree).length + 1L;
    if (size > bytesLeft) {
      refusedInARow++;
      return;
    }
    refusedInARow = 0;
    bytesLeft -= size;
    kept++;
    chosen.computeIfAbsent(step, s -> JsonNodeFactory.instance.arrayNode()).add(tree);
  }

  private ArrayNode toJson() {
    int total = files.values().stream().mapToInt(JsonLines::size).sum();
    if (kept < total) {
      notices.add(
          "the tree browser shows "
              + kept
              + " of the "
              + total
              + " trees in the run directory ("
              + chosen.size()
              + " of "
              + files.size()
              + " steps) to keep the file small");
    }
    ArrayNode steps = JsonNodeFactory.instance.arrayNode();
    chosen.forEach(
        (step, trees) ->
            steps
                .addObject()
                .put("step", step)
                .put("of", files.get(step).size())
                .set("trees", trees));
    return steps;
  }

  /** The last, the first, then the middle of every gap, widest gaps first. */
  static List<Long> spread(List<Long> sorted) {
    List<Long> order = new ArrayList<>();
    if (sorted.isEmpty()) {
      return order;
    }
    order.add(sorted.get(sorted.size() - 1));
    if (sorted.size() > 1) {
      order.add(sorted.get(0));
    }
    ArrayDeque<int[]> gaps = new ArrayDeque<>();
    gaps.add(new int[] {0, sorted.size() - 1});
    while (!gaps.isEmpty()) {
      int[] gap = gaps.remove();
      int middle = (gap[0] + gap[1]) >>> 1;
      if (middle > gap[0] && middle < gap[1]) {
        order.add(sorted.get(middle));
        gaps.add(new int[] {gap[0], middle});
        gaps.add(new int[] {middle, gap[1]});
      }
    }
    return order;
  }
}
