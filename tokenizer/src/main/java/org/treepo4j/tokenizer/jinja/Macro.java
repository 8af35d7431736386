package org.treepo4j.tokenizer.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A macro, or the body of a call block, with the scope it was defined in. */
final class Macro {
  private final Stmt.MacroDefinition definition;
  private final Scope defining;
  private final Renderer renderer;

  Macro(Stmt.MacroDefinition definition, Scope defining, Renderer renderer) {
    this.definition = definition;
    this.defining = defining;
    this.renderer = renderer;
  }

  /** The text that the body gives for these arguments. */
  String call(Arguments arguments) {
    List<String> names = definition.signature().names();
    List<Expr> defaults = definition.signature().defaults();
    Scope scope = new Scope(defining);
    Map<String, Object> more = new LinkedHashMap<>(arguments.named());
    Object caller = more.remove("caller");
    scope.set("caller", caller != null ? caller : new Values.Undefined("No caller defined"));
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      int defaultPlace = i - (names.size() - defaults.size());
      if (i < arguments.positional().size()) {
        scope.set(name, arguments.positional().get(i));
      } else if (more.containsKey(name)) {
        scope.set(name, more.remove(name));
      } else if (defaultPlace >= 0) {
        scope.set(name, renderer.evaluator().evaluate(defaults.get(defaultPlace), scope));
      } else {
        scope.set(name, new Values.Undefined("parameter '" + name + "' was not provided"));
      }
    }
    scope.set("varargs", new Values.Tuple(arguments.after(names.size()).positional()));
    scope.set("kwargs", more);
    return renderer.capture(definition.body(), scope);
  }

  Object attribute(String name) {
    return switch (name) {
      case "name" -> definition.name();
      case "arguments" -> new Values.Tuple(definition.signature().names());
      default -> null;
    };
  }

  @Override
  public String toString() {
    return "<Macro " + PythonText.repr(definition.name()) + ">";
  }
}
