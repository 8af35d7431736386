package org.treepo4j.tokenizer.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Attributes, items and slices, inside Jinja2's immutable sandbox. */
final class Attributes {
  private static final Set<String> LIST_MUTATORS =
      Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
  private static final Set<String> DICT_MUTATORS =
      Set.of("clear", "pop", "popitem", "setdefault", "update");

  private final StringMethods stringMethods;

  Attributes(Budget budget) {
    this.stringMethods = new StringMethods(budget);
  }

  /** {@code object.name}: an attribute, else an item. */
  Object attribute(Object object, String name) {
    Object own = ownAttribute(object, name);
    if (own != null) {
      return own;
    }
    if (object instanceof Map<?, ?> map && map.containsKey(name)) {
      return map.get(name);
    }
    return missing(object, name);
  }

  /** What the filter {@code attr} finds: an attribute, never an item. */
  Object onlyAttribute(Object object, String name) {
    Object own = ownAttribute(object, name);
    return own != null ? own : missing(object, name);
  }

  /** {@code a.b.0} from an object; {@code absent}, unless null, for what is undefined. */
  Object path(Object object, Object path, Object absent) {
    Object value = object;
    if (Numbers.isWhole(path)) {
      value = item(value, path);
    } else {
      for (String part : PythonText.str(path).split("\\.", -1)) {
        boolean index = !part.isEmpty() && part.chars().allMatch(c -> c >= '0' && c <= '9');
        value = item(value, index ? (Object) Long.valueOf(part) : part);
        if (value instanceof Values.Undefined && absent != null) {
          return absent;
        }
      }
    }
    return value;
  }

  /** {@code object[key]}: an item, else an attribute. */
  Object item(Object object, Object key) {
    Operators.failIfUndefined(object);
    if (object instanceof Map<?, ?> map && map.containsKey(key(key))) {
      return map.get(key(key));
    }
    if (Numbers.isWhole(key)) {
      long index = Numbers.index(key);
      if (object instanceof List<?> list) {
        long at = index < 0 ? index + list.size() : index;
        if (at >= 0 && at < list.size()) {
          return list.get((int) at);
        }
      } else if (object instanceof String text) {
        long length = Values.length(text);
        long at = index < 0 ? index + length : index;
        if (at >= 0 && at < length) {
          return Character.toString(text.codePointAt(text.offsetByCodePoints(0, (int) at)));
        }
      }
    }
    if (key instanceof String name) {
      Object own = ownAttribute(object, name);
      if (own != null) {
        return own;
      }
    }
    return missing(object, key);
  }

  /** An attribute that the object itself has; null where it has none of that name. */
  private Object ownAttribute(Object object, String name) {
    Operators.failIfUndefined(object);
    if (object instanceof Values.Namespace namespace) {
      return namespace.attributes.containsKey(name) && namespace.attributes.get(name) != null
          ? namespace.attributes.get(name)
          : null;
    } else if (object instanceof LoopContext loop) {
      return loop.attribute(name);
    } else if (object instanceof Macro macro) {
      return macro.attribute(name);
    } else if (object instanceof Globals.Cycler cycler) {
      return cycler.attribute(name);
    } else if (object instanceof String text) {
      return stringMethods.find(text, name);
    } else if (object instanceof Map<?, ?> map) {
      return DICT_MUTATORS.contains(name) ? forbidden(object, name) : dictMethod(map, name);
    } else if (object instanceof List<?> list) {
      return LIST_MUTATORS.contains(name) && !(object instanceof Values.Tuple)
          ? forbidden(object, name)
          : listMethod(list, name);
    }
    return null;
  }

  private static Values.Undefined forbidden(Object object, String name) {
    String of = Values.typeName(object);
    return new Values.Undefined(
        "access to attribute '" + name + "' of '" + of + "' object is unsafe.", true);
  }

  private static Object missing(Object object, Object name) {
    if (object instanceof Values.Namespace namespace
        && namespace.attributes.containsKey(String.valueOf(name))) {
      return null;
    }
    if (name instanceof String text && text.startsWith("__")) {
      return forbidden(object, text);
    }
    String of = object == null ? "None" : Values.typeName(object) + " object";
    return new Values.Undefined(
        name instanceof String
            ? "'" + of + "' has no attribute " + PythonText.repr(name)
            : of + " has no element " + PythonText.repr(name));
  }

  private static Values.Function dictMethod(Map<?, ?> map, String name) {
    return switch (name) {
      case "get" ->
          arguments -> {
            Object key = key(arguments.required(0, "key"));
            return map.containsKey(key) ? map.get(key) : arguments.get(1, "default", null);
          };
      case "keys" -> arguments -> new Values.View("dict_keys", new ArrayList<>(map.keySet()));
      case "values" -> arguments -> new Values.View("dict_values", new ArrayList<>(map.values()));
      case "items" -> arguments -> items(map);
      case "copy" -> arguments -> map;
      default -> null;
    };
  }

  /** The pairs of a dict. */
  static Values.View items(Map<?, ?> map) {
    List<Object> items = new ArrayList<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      List<Object> pair = new ArrayList<>();
      pair.add(entry.getKey());
      pair.add(entry.getValue());
      items.add(new Values.Tuple(pair));
    }
    return new Values.View("dict_items", items);
  }

  private static Values.Function listMethod(List<?> list, String name) {
    return switch (name) {
      case "index" ->
          arguments -> {
            Object wanted = arguments.required(0, "value");
            for (int i = 0; i < list.size(); i++) {
              if (Operators.equal(list.get(i), wanted)) {
                return (long) i;
              }
            }
            throw JinjaException.value(PythonText.repr(wanted) + " is not in list");
          };
      case "count" ->
          arguments -> {
            Object wanted = arguments.required(0, "value");
            return list.stream().filter(item -> Operators.equal(item, wanted)).count();
          };
      case "copy" -> arguments -> list;
      default -> null;
    };
  }

  /** A dict key: whole floats, booleans and numbers that are equal are the same key. */
  static Object key(Object value) {
    if (value instanceof List && !(value instanceof Values.Tuple) || value instanceof Map) {
      throw JinjaException.type("unhashable type: '" + Values.typeName(value) + "'");
    }
    if (value instanceof Boolean bool) {
      return bool ? 1L : 0L;
    } else if (value instanceof Double number
        && number == Math.rint(number)
        && !Double.isInfinite(number)) {
      return Numbers.truncate(number);
    } else if (value instanceof BigInteger big) {
      return Numbers.shrink(big);
    }
    return value;
  }

  /** {@code object[start:stop:step]}; null stands for what is left out. */
  Object slice(Object object, Object start, Object stop, Object step) {
    Operators.failIfUndefined(object);
    boolean text = object instanceof String;
    if (!text && !(object instanceof List)) {
      return missing(object, "slice");
    }
    long by = step == null ? 1 : Numbers.index(step);
    if (by == 0) {
      throw JinjaException.value("slice step cannot be zero");
    }
    int[] codePoints = text ? ((String) object).codePoints().toArray() : null;
    List<?> list = text ? null : (List<?>) object;
    long size = text ? codePoints.length : list.size();
    long least = by > 0 ? 0 : -1;
    long most = by > 0 ? size : size - 1;
    long from = start == null ? (by > 0 ? least : most) : bound(start, size, least, most);
    long to = stop == null ? (by > 0 ? most : least) : bound(stop, size, least, most);
    StringBuilder characters = new StringBuilder();
    List<Object> items = new ArrayList<>();
    for (long at = from; by > 0 ? at < to : at > to; at += by) {
      if (text) {
        characters.appendCodePoint(codePoints[(int) at]);
      } else {
        items.add(list.get((int) at));
      }
    }
    if (text) {
      return characters.toString();
    }
    return object instanceof Values.Tuple ? new Values.Tuple(items) : items;
  }

  private static long bound(Object value, long size, long least, long most) {
    long index = Numbers.index(value);
    return Math.max(least, Math.min(most, index < 0 ? Math.max(index + size, -1) : index));
  }
}
