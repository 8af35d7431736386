package org.treepo4j.tokenizer.jinja;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What can stand after {@code is}. */
final class Tests {
  private static final Set<String> NAMES =
      Set.of(
          "boolean",
          "callable",
          "defined",
          "divisibleby",
          "eq",
          "equalto",
          "==",
          "escaped",
          "even",
          "false",
          "filter",
          "float",
          "ge",
          ">=",
          "gt",
          "greaterthan",
          ">",
          "in",
          "integer",
          "iterable",
          "le",
          "<=",
          "lower",
          "lt",
          "lessthan",
          "<",
          "mapping",
          "ne",
          "!=",
          "none",
          "number",
          "odd",
          "sameas",
          "sequence",
          "string",
          "test",
          "true",
          "undefined",
          "upper");

  private final Operators operators;

  Tests(Operators operators) {
    this.operators = operators;
  }

  boolean test(String name, Object value, Arguments arguments) {
    return switch (name) {
      case "defined" -> !(value instanceof Values.Undefined);
      case "undefined" -> value instanceof Values.Undefined;
      case "none" -> value == null;
      case "true" -> Boolean.TRUE.equals(value);
      case "false" -> Boolean.FALSE.equals(value);
      case "boolean" -> value instanceof Boolean;
      case "string" -> value instanceof String;
      case "mapping" -> value instanceof Map;
      case "iterable" -> Values.isIterable(value);
      case "sequence" ->
          value instanceof String
              || value instanceof Collection
              || value instanceof Map
              || value instanceof Values.Undefined;
      case "number" -> Numbers.isNumber(value);
      case "integer" -> Numbers.isWhole(value) && !(value instanceof Boolean);
      case "float" -> value instanceof Double;
      case "callable" ->
          value instanceof Values.Function
              || value instanceof Macro
              || value instanceof LoopContext
              || value instanceof Values.Undefined;
      case "even" -> remainder(value, 2L) == 0;
      case "odd" -> remainder(value, 2L) == 1;
      case "divisibleby" -> remainder(value, arguments.required(0, "num")) == 0;
      case "lower" -> isCased(value, PythonText.str(value).toLowerCase(Locale.ROOT));
      case "upper" -> isCased(value, PythonText.str(value).toUpperCase(Locale.ROOT));
      case "eq", "equalto", "==" -> compare("==", value, arguments);
      case "ne", "!=" -> compare("!=", value, arguments);
      case "lt", "lessthan", "<" -> compare("<", value, arguments);
      case "le", "<=" -> compare("<=", value, arguments);
      case "gt", "greaterthan", ">" -> compare(">", value, arguments);
      case "ge", ">=" -> compare(">=", value, arguments);
      case "in" -> compare("in", value, arguments);
      case "sameas" -> same(value, arguments.required(0, "other"));
      case "filter" -> Filters.NAMES.contains(PythonText.str(value));
      case "test" -> NAMES.contains(PythonText.str(value));
      case "escaped" -> false;
      default -> throw JinjaException.of("TemplateAssertionError", "No test named '" + name + "'.");
    };
  }

  private boolean compare(String operator, Object value, Arguments arguments) {
    return operators.compare(operator, value, arguments.required(0, "other"));
  }

  /** Identity, which small values cannot be told apart by. */
  private static boolean same(Object value, Object other) {
    if (value instanceof List || value instanceof Map) {
      return value == other;
    }
    boolean sameType = Values.typeName(value).equals(Values.typeName(other));
    return sameType && Operators.equal(value, other);
  }

  private double remainder(Object value, Object divisor) {
    return Numbers.asDouble(operators.binary("%", value, divisor));
  }

  private static boolean isCased(Object value, String changed) {
    String text = PythonText.str(value);
    return text.equals(changed)
        && text.codePoints().anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c));
  }
}
