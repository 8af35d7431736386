package org.treepo4j.tokenizer.jinja;

import java.util.AbstractList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The values of a template: {@code null} for None, Boolean, Long or BigInteger, Double, String,
 * List, {@link Tuple}, Map, and those below. Lists and maps are never changed once made.
 */
final class Values {
  private Values() {}

  /** A Python tuple: a list that prints with parentheses. */
  static final class Tuple extends AbstractList<Object> {
    private final List<?> items;

    Tuple(List<?> items) {
      this.items = items;
    }

    @Override
    public Object get(int index) {
      return items.get(index);
    }

    @Override
    public int size() {
      return items.size();
    }
  }

  /**
   * A name, attribute or item that does not exist: empty text, false, an error when looked into.
   */
  record Undefined(String message, boolean forbidden) {
    Undefined(String message) {
      this(message, false);
    }

    JinjaException error() {
      return forbidden ? JinjaException.security(message) : JinjaException.undefined(message);
    }

    @Override
    public String toString() {
      return "";
    }
  }

  /** {@code namespace(...)}: the one value that a template can change. */
  static final class Namespace {
    final Map<String, Object> attributes = new LinkedHashMap<>();

    @Override
    public String toString() {
      return "<Namespace " + PythonText.repr(attributes) + ">";
    }
  }

  /** {@code dict.keys()} and the like: iterable with a length, without items. */
  record View(String type, List<Object> items) {
    @Override
    public String toString() {
      return type + "([" + PythonText.joined(items) + "])";
    }
  }

  /** What a lazy filter gives: iterable once, always true, without a length. */
  record Generator(Iterator<Object> items) {
    @Override
    public String toString() {
      return "<generator object>";
    }
  }

  /** Something that a template can call. */
  @FunctionalInterface
  interface Function {
    Object call(Arguments arguments);
  }

  /** {@code range(...)} as a list that prints like a range. */
  static final class Range extends AbstractList<Object> {
    private final long start;
    private final long step;
    private final int size;

    Range(long start, long step, int size) {
      this.start = start;
      this.step = step;
      this.size = size;
    }

    @Override
    public Object get(int index) {
      return start + index * step;
    }

    @Override
    public int size() {
      return size;
    }

    @Override
    public String toString() {
      String end = start + ", " + (start + size * step);
      return "range(" + end + (step == 1 ? ")" : ", " + step + ")");
    }
  }

  /** {@code bool(value)}. */
  static boolean truth(Object value) {
    if (value == null) {
      return false;
    } else if (value instanceof Boolean bool) {
      return bool;
    } else if (value instanceof String text) {
      return !text.isEmpty();
    } else if (value instanceof Number number) {
      return number.doubleValue() != 0;
    } else if (value instanceof Collection<?> list) {
      return !list.isEmpty();
    } else if (value instanceof Map<?, ?> map) {
      return !map.isEmpty();
    } else if (value instanceof View view) {
      return !view.items().isEmpty();
    }
    return !(value instanceof Undefined);
  }

  /** What {@code for} sees; strings give their characters, dicts their keys. */
  static Iterator<Object> iterate(Object value) {
    if (value instanceof List<?> list) {
      return Values.<Object>widen(list.iterator());
    } else if (value instanceof Map<?, ?> map) {
      return Values.<Object>widen(map.keySet().iterator());
    } else if (value instanceof String text) {
      return text.codePoints().mapToObj(c -> (Object) Character.toString(c)).iterator();
    } else if (value instanceof View view) {
      return view.items().iterator();
    } else if (value instanceof Generator generator) {
      return generator.items();
    } else if (value instanceof LoopContext loop) {
      return loop.rest();
    } else if (value instanceof Undefined) {
      return List.<Object>of().iterator();
    }
    throw JinjaException.type("'" + typeName(value) + "' object is not iterable");
  }

  private static <T> Iterator<T> widen(Iterator<? extends T> iterator) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return iterator.hasNext();
      }

      @Override
      public T next() {
        return iterator.next();
      }
    };
  }

  static boolean isIterable(Object value) {
    return value instanceof Collection
        || value instanceof Map
        || value instanceof String
        || value instanceof View
        || value instanceof Generator
        || value instanceof LoopContext
        || value instanceof Undefined;
  }

  /** {@code len(value)}. */
  static long length(Object value) {
    if (value instanceof String text) {
      return text.codePointCount(0, text.length());
    } else if (value instanceof Collection<?> list) {
      return list.size();
    } else if (value instanceof Map<?, ?> map) {
      return map.size();
    } else if (value instanceof View view) {
      return view.items().size();
    } else if (value instanceof Undefined) {
      return 0;
    } else if (value instanceof LoopContext loop) {
      return loop.length();
    }
    throw JinjaException.type("object of type '" + typeName(value) + "' has no len()");
  }

  /** {@code type(value).__name__}, as error messages show it. */
  static String typeName(Object value) {
    if (value == null) {
      return "NoneType";
    } else if (value instanceof Boolean) {
      return "bool";
    } else if (value instanceof String) {
      return "str";
    } else if (value instanceof Double) {
      return "float";
    } else if (value instanceof Number) {
      return "int";
    } else if (value instanceof Tuple) {
      return "tuple";
    } else if (value instanceof Range) {
      return "range";
    } else if (value instanceof List) {
      return "list";
    } else if (value instanceof Map) {
      return "dict";
    } else if (value instanceof View view) {
      return view.type();
    }
    return value.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
  }
}
