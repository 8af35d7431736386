package org.treepo4j.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The numbers of {@code metrics.jsonl} by step. A step that was logged twice, by a run resumed from
 * an earlier checkpoint, counts as it was logged last.
 */
final class Metrics {
  /** More numbers than this are thinned out: a report holds about half a megabyte of metrics. */
  private static final int MOST_CELLS = 60_000;

  private static final MathContext DIGITS = new MathContext(7);

  private final TreeMap<Long, Map<String, Double>> rows = new TreeMap<>();
  private final Set<String> names = new TreeSet<>();

  static Metrics read(JsonLines lines, Notices notices) throws IOException {
    Metrics metrics = new Metrics();
    for (int i = 0; i < lines.size(); i++) {
      try {
        metrics.add(lines.object(i), lines.place(i));
      } catch (ReportException e) {
        notices.add("left out: " + e.getMessage());
      }
    }
    return metrics;
  }

  private void add(JsonNode line, String place) throws ReportException {
    JsonNode step = line.path("step");
    if (!step.isIntegralNumber() || step.asLong() < 0) {
      throw new ReportException(place + ": step must be a number from 0, was " + brief(step));
    }
    Map<String, Double> row = new TreeMap<>();
    line.properties()
        .forEach(
            field -> {
              double value = field.getValue().asDouble(Double.NaN);
              if (field.getValue().isNumber() && Double.isFinite(value)) {
                row.put(field.getKey(), value);
              }
            });
    row.remove("step");
    names.addAll(row.keySet());
    rows.put(step.asLong(), row);
  }

  private static String brief(JsonNode node) {
    String text = node.isMissingNode() ? "missing" : node.toString();
    return text.length() > 40 ? text.substring(0, 40) + "…" : text;
  }

  boolean isEmpty() {
    return rows.isEmpty();
  }

  /** One array per name, all as long as {@code step}; null where a step has no such number. */
  ObjectNode toJson(Notices notices) {
    List<Long> steps = thinned(notices);
    ObjectNode columns = JsonNodeFactory.instance.objectNode();
    ArrayNode stepColumn = columns.putArray("step");
    steps.forEach(stepColumn::add);
    for (String name : names) {
      ArrayNode column = columns.putArray(name);
      for (long step : steps) {
        Double value = rows.get(step).get(name);
        if (value == null) {
          column.addNull();
        } else {
          column.add(Numbers.rounded(value, DIGITS));
        }
      }
    }
    return columns;
  }

  private List<Long> thinned(Notices notices) {
    List<Long> all = new ArrayList<>(rows.keySet());
    int keep = Math.max(2, MOST_CELLS / (names.size() + 1));
    if (all.size() <= keep) {
      return all;
    }
    int every = (all.size() + keep - 1) / keep;
    List<Long> kept = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      if (i % every == 0 || i == all.size() - 1) {
        kept.add(all.get(i));
      }
    }
    notices.add(
        "the curves show "
            + kept.size()
            + " of "
            + all.size()
            + " steps (every "
            + every
            + "th) to keep the file small");
    return kept;
  }
}
