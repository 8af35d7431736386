package org.treepo4j.tokenizer.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** {@code json.dumps} as the {@code tojson} of chat templates calls it. */
final class JsonText {
  private final boolean ascii;
  private final String indent;
  private final String itemSeparator;
  private final String keySeparator;
  private final boolean sortKeys;
  private final Budget budget;
  private final StringBuilder out = new StringBuilder();

  private JsonText(Arguments arguments, Budget budget) {
    this.budget = budget;
    this.ascii = arguments.flag(0, "ensure_ascii", false);
    Object width = arguments.get(1, "indent", null);
    this.indent =
        width == null ? null : width instanceof String text ? text : spaces(Numbers.index(width));
    Object separators = arguments.get(2, "separators", null);
    if (separators instanceof List<?> pair && pair.size() == 2) {
      this.itemSeparator = PythonText.str(pair.get(0));
      this.keySeparator = PythonText.str(pair.get(1));
    } else {
      this.itemSeparator = indent == null ? ", " : ",";
      this.keySeparator = ": ";
    }
    this.sortKeys = arguments.flag(3, "sort_keys", false);
  }

  private String spaces(long count) {
    budget.reserveText(count);
    return " ".repeat((int) Math.max(0, count));
  }

  /** The JSON of a value; the arguments are those of {@code tojson}. */
  static String write(Object value, Arguments arguments, Budget budget) {
    JsonText json = new JsonText(arguments, budget);
    json.value(value, 0);
    return budget.text(json.out.toString());
  }

  private void value(Object value, int depth) {
    budget.enter();
    if (value == null) {
      out.append("null");
    } else if (value instanceof Boolean bool) {
      out.append(bool ? "true" : "false");
    } else if (value instanceof String text) {
      string(text);
    } else if (value instanceof Double number) {
      out.append(number(number));
    } else if (value instanceof Number) {
      out.append(value);
    } else if (value instanceof Map<?, ?> map) {
      object(map, depth);
    } else if (value instanceof List<?> list && !(value instanceof Values.Range)) {
      list(list, depth);
    } else {
      throw JinjaException.type(
          "Object of type "
              + (value instanceof Values.Undefined ? "Undefined" : Values.typeName(value))
              + " is not JSON serializable");
    }
    budget.leave();
  }

  private static String number(double number) {
    if (Double.isNaN(number)) {
      return "NaN";
    } else if (Double.isInfinite(number)) {
      return number > 0 ? "Infinity" : "-Infinity";
    }
    return PythonText.number(number);
  }

  private void list(List<?> list, int depth) {
    if (list.isEmpty()) {
      out.append("[]");
      return;
    }
    out.append('[');
    for (int i = 0; i < list.size(); i++) {
      out.append(i == 0 ? "" : itemSeparator);
      newline(depth + 1);
      value(list.get(i), depth + 1);
    }
    newline(depth);
    out.append(']');
  }

  private void object(Map<?, ?> map, int depth) {
    if (map.isEmpty()) {
      out.append("{}");
      return;
    }
    List<Object> keys = new ArrayList<>(map.keySet());
    if (sortKeys) {
      keys.sort((a, b) -> Operators.order(a, b, "<"));
    }
    out.append('{');
    for (Iterator<Object> all = keys.iterator(); all.hasNext(); ) {
      Object key = all.next();
      newline(depth + 1);
      string(keyText(key));
      out.append(keySeparator);
      value(map.get(key), depth + 1);
      out.append(all.hasNext() ? itemSeparator : "");
    }
    newline(depth);
    out.append('}');
  }

  private static String keyText(Object key) {
    if (key instanceof String text) {
      return text;
    } else if (key == null) {
      return "null";
    } else if (key instanceof Boolean bool) {
      return bool ? "true" : "false";
    } else if (key instanceof Double number) {
      return number(number);
    } else if (key instanceof Number) {
      return key.toString();
    }
    throw JinjaException.type(
        "keys must be str, int, float, bool or None, not " + Values.typeName(key));
  }

  private void newline(int depth) {
    if (indent != null) {
      budget.reserveText(out.length(), (long) depth * indent.length());
      out.append('\n').append(indent.repeat(depth));
    }
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20 || (ascii && c > 0x7E)) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
