package org.treepo4j.tokenizer.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Filters of lists and other iterables. */
final class ListFilters {
  private final Evaluator evaluator;
  private final Budget budget;

  ListFilters(Evaluator evaluator) {
    this.evaluator = evaluator;
    this.budget = evaluator.budget;
  }

  Object apply(String name, Object value, Arguments arguments) {
    return switch (name) {
      case "list" -> all(value);
      case "first" -> {
        Iterator<Object> items = Values.iterate(value);
        yield items.hasNext() ? items.next() : empty("No first item, sequence was empty.");
      }
      case "last" -> {
        List<Object> items = all(value);
        yield items.isEmpty()
            ? empty("No last item, sequence was empty.")
            : items.get(items.size() - 1);
      }
      case "reverse" -> reverse(value);
      case "map" -> generator(map(value, arguments));
      case "select" -> generator(select(value, arguments, false, true));
      case "reject" -> generator(select(value, arguments, false, false));
      case "selectattr" -> generator(select(value, arguments, true, true));
      case "rejectattr" -> generator(select(value, arguments, true, false));
      case "sort" -> sort(value, arguments);
      case "unique" -> generator(unique(value, arguments));
      case "max", "min" -> extreme(value, arguments, name.equals("max"));
      case "sum" -> sum(value, arguments);
      case "groupby" -> groupBy(value, arguments);
      case "dictsort" -> dictSort(value, arguments);
      case "batch" -> generator(batch(value, arguments));
      case "slice" -> generator(slice(value, arguments));
      default -> throw new AssertionError(name);
    };
  }

  private List<Object> all(Object value) {
    List<Object> items = new ArrayList<>();
    for (Iterator<Object> each = Values.iterate(value); each.hasNext(); ) {
      budget.step();
      items.add(each.next());
    }
    return items;
  }

  /** What is false, None included, counts as empty for the filters that map and select. */
  private List<Object> allOrNone(Object value) {
    return Values.truth(value) ? all(value) : List.of();
  }

  private static Values.Generator generator(List<Object> items) {
    return new Values.Generator(items.iterator());
  }

  private static Values.Undefined empty(String message) {
    return new Values.Undefined(message);
  }

  private Object reverse(Object value) {
    if (value instanceof String text) {
      return new StringBuilder(text).reverse().toString();
    }
    List<Object> items = all(value);
    Collections.reverse(items);
    return generator(items);
  }

  private List<Object> map(Object value, Arguments arguments) {
    List<Object> mapped = new ArrayList<>();
    boolean byAttribute =
        arguments.positional().isEmpty() && arguments.named().containsKey("attribute");
    for (Object item : allOrNone(value)) {
      if (byAttribute) {
        Object absent = arguments.named().get("default");
        mapped.add(evaluator.attributes.path(item, arguments.named().get("attribute"), absent));
      } else {
        String filter = arguments.text(0, "filter", null);
        mapped.add(evaluator.filter(filter, item, arguments.after(1)));
      }
    }
    return mapped;
  }

  private List<Object> select(
      Object value, Arguments arguments, boolean byAttribute, boolean wanted) {
    Object attribute = byAttribute ? arguments.required(0, "attribute") : null;
    Arguments rest = byAttribute ? arguments.after(1) : arguments;
    List<Object> selected = new ArrayList<>();
    for (Object item : allOrNone(value)) {
      Object tested = byAttribute ? evaluator.attributes.path(item, attribute, null) : item;
      boolean holds =
          rest.positional().isEmpty()
              ? Values.truth(tested)
              : evaluator.test(rest.text(0, "test", null), tested, rest.after(1));
      if (holds == wanted) {
        selected.add(item);
      }
    }
    return selected;
  }

  /** What an item is compared by: one of its attributes or itself, in lower case unless asked. */
  private UnaryOperator<Object> key(Object attribute, boolean caseSensitive) {
    return item -> {
      Object value = attribute == null ? item : evaluator.attributes.path(item, attribute, null);
      return caseSensitive ? value : lower(value);
    };
  }

  private static Object lower(Object value) {
    return value instanceof String text ? text.toLowerCase(Locale.ROOT) : value;
  }

  private Object sort(Object value, Arguments arguments) {
    boolean caseSensitive = arguments.flag(1, "case_sensitive", false);
    Object attribute = arguments.get(2, "attribute", null);
    List<UnaryOperator<Object>> keys = new ArrayList<>();
    if (attribute instanceof String several) {
      for (String each : several.split(",", -1)) {
        keys.add(key(each, caseSensitive));
      }
    } else {
      keys.add(key(attribute, caseSensitive));
    }
    Comparator<Object> order =
        Comparator.comparing(
            item -> keys.stream().map(key -> key.apply(item)).toList(),
            (a, b) -> Operators.order(a, b, "<"));
    return sorted(all(value), order, arguments.flag(0, "reverse", false));
  }

  private static List<Object> sorted(
      List<Object> items, Comparator<Object> order, boolean reverse) {
    items.sort(reverse ? order.reversed() : order);
    return items;
  }

  private List<Object> unique(Object value, Arguments arguments) {
    UnaryOperator<Object> key =
        key(arguments.get(1, "attribute", null), arguments.flag(0, "case_sensitive", false));
    Map<Object, Object> firsts = new LinkedHashMap<>();
    all(value).forEach(item -> firsts.putIfAbsent(Attributes.key(key.apply(item)), item));
    return new ArrayList<>(firsts.values());
  }

  private Object extreme(Object value, Arguments arguments, boolean most) {
    UnaryOperator<Object> key =
        key(arguments.get(1, "attribute", null), arguments.flag(0, "case_sensitive", false));
    List<Object> items = all(value);
    if (items.isEmpty()) {
      return empty("No aggregated item, sequence was empty.");
    }
    Object best = items.get(0);
    for (Object item : items.subList(1, items.size())) {
      int order = Operators.order(key.apply(item), key.apply(best), most ? ">" : "<");
      if (most ? order > 0 : order < 0) {
        best = item;
      }
    }
    return best;
  }

  private Object sum(Object value, Arguments arguments) {
    Object attribute = arguments.get(0, "attribute", null);
    Object sum = arguments.get(1, "start", 0L);
    for (Object item : all(value)) {
      Object part = attribute == null ? item : evaluator.attributes.path(item, attribute, null);
      sum = evaluator.operators.binary("+", sum, part);
    }
    return sum;
  }

  private Object groupBy(Object value, Arguments arguments) {
    Object attribute = arguments.required(0, "attribute");
    Object absent = arguments.get(1, "default", null);
    boolean caseSensitive = arguments.flag(2, "case_sensitive", false);
    UnaryOperator<Object> path = item -> evaluator.attributes.path(item, attribute, absent);
    UnaryOperator<Object> key = item -> caseSensitive ? path.apply(item) : lower(path.apply(item));
    Comparator<Object> order = Comparator.comparing(key, (a, b) -> Operators.order(a, b, "<"));
    List<Object> groups = new ArrayList<>();
    Object current = null;
    List<Object> members = null;
    for (Object item : sorted(all(value), order, false)) {
      if (members == null || !Operators.equal(current, key.apply(item))) {
        current = key.apply(item);
        members = new ArrayList<>();
        List<Object> group = new ArrayList<>();
        group.add(path.apply(item));
        group.add(members);
        groups.add(new Values.Tuple(group));
      }
      members.add(item);
    }
    return groups;
  }

  private Object dictSort(Object value, Arguments arguments) {
    if (!(value instanceof Map<?, ?> map)) {
      throw JinjaException.type("dictsort needs a mapping, not " + Values.typeName(value));
    }
    boolean caseSensitive = arguments.flag(0, "case_sensitive", false);
    String by = arguments.text(1, "by", "key");
    if (!by.equals("key") && !by.equals("value")) {
      throw JinjaException.of(
          "FilterArgumentError", "You can only sort by either \"key\" or \"value\"");
    }
    int place = by.equals("key") ? 0 : 1;
    Comparator<Object> order =
        Comparator.comparing(
            item -> {
              Object each = ((List<?>) item).get(place);
              return new Values.Tuple(
                  Collections.singletonList(caseSensitive ? each : lower(each)));
            },
            (a, b) -> Operators.order(a, b, "<"));
    return sorted(
        new ArrayList<>(Attributes.items(map).items()), order, arguments.flag(2, "reverse", false));
  }

  private List<Object> batch(Object value, Arguments arguments) {
    long size = arguments.integer(0, "linecount", 0);
    List<Object> batches = new ArrayList<>();
    List<Object> batch = new ArrayList<>();
    for (Object item : all(value)) {
      if (batch.size() == size) {
        batches.add(batch);
        batch = new ArrayList<>();
      }
      batch.add(item);
    }
    if (!batch.isEmpty()) {
      Object fill = arguments.get(1, "fill_with", null);
      budget.reserveItems(Math.max(0, size - batch.size()));
      while (fill != null && batch.size() < size) {
        batch.add(fill);
      }
      batches.add(batch);
    }
    return batches;
  }

  private List<Object> slice(Object value, Arguments arguments) {
    List<Object> items = all(value);
    long slices = arguments.integer(0, "slices", 0);
    if (slices <= 0) {
      throw JinjaException.of("ZeroDivisionError", "integer division or modulo by zero");
    }
    budget.reserveItems(slices);
    Object fill = arguments.get(1, "fill_with", null);
    int each = (int) (items.size() / slices);
    int longer = (int) (items.size() % slices);
    List<Object> parts = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < slices; i++) {
      int size = each + (i < longer ? 1 : 0);
      List<Object> part = new ArrayList<>(items.subList(at, at + size));
      at += size;
      if (fill != null && i >= longer) {
        part.add(fill);
      }
      parts.add(part);
    }
    return parts;
  }
}
