package org.treepo4j.tokenizer.jinja;

import java.util.List;
import java.util.Map;

/**
 * What a call is given.
 *
 * @param positional arguments by place
 * @param named arguments by name
 */
record Arguments(List<Object> positional, Map<String, Object> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /** The argument at a place or with a name; {@code absent} where there is neither. */
  Object get(int place, String name, Object absent) {
    if (place < positional.size()) {
      return positional.get(place);
    }
    return named.getOrDefault(name, absent);
  }

  Object required(int place, String name) {
    if (place >= positional.size() && !named.containsKey(name)) {
      throw JinjaException.type("missing a required argument: '" + name + "'");
    }
    return get(place, name, null);
  }

  String text(int place, String name, String absent) {
    Object value = get(place, name, absent);
    if (!(value instanceof String text)) {
      throw JinjaException.type(
          "argument '" + name + "' must be str, not " + Values.typeName(value));
    }
    return text;
  }

  long integer(int place, String name, long absent) {
    return Numbers.index(get(place, name, absent));
  }

  boolean flag(int place, String name, boolean absent) {
    return Values.truth(get(place, name, absent));
  }

  boolean has(int place, String name) {
    return place < positional.size() || named.containsKey(name);
  }

  /** The arguments after the first {@code count} by place. */
  Arguments after(int count) {
    return new Arguments(
        positional.subList(Math.min(count, positional.size()), positional.size()), named);
  }
}
