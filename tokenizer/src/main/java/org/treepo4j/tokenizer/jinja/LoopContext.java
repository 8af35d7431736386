package org.treepo4j.tokenizer.jinja;

import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/** {@code loop} inside a {@code for}. */
final class LoopContext {
  private final List<Object> items;
  private final int depth0;

  /** Renders the loop's body over other items, one level deeper; null where not recursive. */
  private final Values.Function recursion;

  private int index0 = -1;
  private Object lastChanged = this;

  LoopContext(List<Object> items, int depth0, Values.Function recursion) {
    this.items = items;
    this.depth0 = depth0;
    this.recursion = recursion;
  }

  boolean advance() {
    return ++index0 < items.size();
  }

  Object item() {
    return items.get(index0);
  }

  long length() {
    return items.size();
  }

  /** The items not yet visited. */
  Iterator<Object> rest() {
    return Collections.unmodifiableList(items.subList(index0 + 1, items.size())).iterator();
  }

  Object attribute(String name) {
    return switch (name) {
      case "index" -> index0 + 1L;
      case "index0" -> (long) index0;
      case "revindex" -> (long) items.size() - index0;
      case "revindex0" -> items.size() - index0 - 1L;
      case "first" -> index0 == 0;
      case "last" -> index0 == items.size() - 1;
      case "length" -> length();
      case "depth" -> depth0 + 1L;
      case "depth0" -> (long) depth0;
      case "previtem" ->
          index0 > 0 ? items.get(index0 - 1) : new Values.Undefined("there is no previous item");
      case "nextitem" ->
          index0 + 1 < items.size()
              ? items.get(index0 + 1)
              : new Values.Undefined("there is no next item");
      case "cycle" -> (Values.Function) this::cycle;
      case "changed" -> (Values.Function) this::changed;
      default ->
          new Values.Undefined(
              "'jinja2.runtime.LoopContext object' has no attribute '" + name + "'");
    };
  }

  private Object cycle(Arguments arguments) {
    if (arguments.positional().isEmpty()) {
      throw JinjaException.type("no items for cycling given");
    }
    return arguments.positional().get(index0 % arguments.positional().size());
  }

  private Object changed(Arguments arguments) {
    Object values = new Values.Tuple(arguments.positional());
    boolean changed = lastChanged == this || !Operators.equal(values, lastChanged);
    lastChanged = values;
    return changed;
  }

  Object call(Arguments arguments) {
    if (recursion == null) {
      throw JinjaException.type(
          "The loop must have the 'recursive' marker to be called recursively.");
    }
    return recursion.call(arguments);
  }

  @Override
  public String toString() {
    return "<LoopContext " + (index0 + 1) + "/" + items.size() + ">";
  }
}
