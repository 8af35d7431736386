package org.treepo4j.tokenizer.jinja;

import java.util.HashMap;
import java.util.Map;

/** Names and their values; what is not here is looked for further out. */
final class Scope {
  private final Scope outer;
  private final Map<String, Object> values;

  /** The outermost scope. */
  Scope(Map<String, Object> values) {
    this.outer = null;
    this.values = new HashMap<>(values);
  }

  /** A scope inside another. */
  Scope(Scope outer) {
    this.outer = outer;
    this.values = new HashMap<>();
  }

  Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      Object value = scope.values.get(name);
      if (value != null || scope.values.containsKey(name)) {
        return value;
      }
    }
    return new Values.Undefined("'" + name + "' is undefined");
  }

  void set(String name, Object value) {
    values.put(name, value);
  }
}
