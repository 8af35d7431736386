package org.treepo4j.tokenizer.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What can stand after a bar: values here, texts and lists in classes of their own. */
final class Filters {
  static final Set<String> NAMES =
      Set.of(
          "abs",
          "attr",
          "batch",
          "capitalize",
          "center",
          "count",
          "d",
          "default",
          "dictsort",
          "e",
          "escape",
          "first",
          "float",
          "forceescape",
          "format",
          "groupby",
          "indent",
          "int",
          "items",
          "join",
          "last",
          "length",
          "list",
          "lower",
          "map",
          "max",
          "min",
          "reject",
          "rejectattr",
          "replace",
          "reverse",
          "round",
          "safe",
          "select",
          "selectattr",
          "slice",
          "sort",
          "string",
          "striptags",
          "sum",
          "title",
          "tojson",
          "trim",
          "truncate",
          "unique",
          "upper",
          "urlencode",
          "wordcount");

  private final Evaluator evaluator;
  private final TextFilters texts;
  private final ListFilters lists;

  Filters(Evaluator evaluator) {
    this.evaluator = evaluator;
    this.texts = new TextFilters(evaluator);
    this.lists = new ListFilters(evaluator);
  }

  Object apply(String name, Object value, Arguments arguments) {
    if (!NAMES.contains(name)) {
      throw JinjaException.of("TemplateAssertionError", "No filter named '" + name + "'.");
    }
    return switch (name) {
      case "tojson" -> JsonText.write(value, arguments, evaluator.budget);
      case "d", "default" -> {
        boolean absent =
            value instanceof Values.Undefined
                || (arguments.flag(1, "boolean", false) && !Values.truth(value));
        yield absent ? arguments.get(0, "default_value", "") : value;
      }
      case "attr" -> evaluator.attributes.onlyAttribute(value, arguments.text(0, "name", null));
      case "length", "count" -> Values.length(value);
      case "string", "safe" -> PythonText.str(value);
      case "abs" -> {
        Operators.failIfUndefined(value);
        yield Numbers.compare(value, 0L) < 0 ? Numbers.negate(value) : value;
      }
      case "int" -> toInt(value, arguments);
      case "float" -> toFloat(value, arguments);
      case "round" -> round(value, arguments);
      case "items" -> {
        if (value instanceof Values.Undefined) {
          yield new Values.View("dict_items", java.util.List.of());
        } else if (value instanceof Map<?, ?> map) {
          yield new Values.Generator(Attributes.items(map).items().iterator());
        }
        throw JinjaException.type("Can only get item pairs from a mapping.");
      }
      default -> {
        Object text = texts.apply(name, value, arguments);
        yield text != null ? text : lists.apply(name, value, arguments);
      }
    };
  }

  private static Object toInt(Object value, Arguments arguments) {
    Object absent = arguments.get(0, "default", 0L);
    if (value instanceof String text) {
      String digits = PythonText.strip(text).replace("_", "");
      int base = (int) arguments.integer(1, "base", 10);
      try {
        String plain =
            base == 10 ? digits : digits.toLowerCase(Locale.ROOT).replaceFirst("^0[xob]", "");
        return Numbers.shrink(new BigInteger(plain, base));
      } catch (NumberFormatException notWhole) {
        Object number = toFloat(value, Arguments.NONE);
        boolean zero = number instanceof Double d && d == 0;
        boolean isNumber = !zero || digits.matches("[-+]?[0.]+(e.*)?");
        return isNumber && Double.isFinite((Double) number)
            ? Numbers.truncate((Double) number)
            : absent;
      }
    } else if (value instanceof Double number) {
      return Double.isFinite(number) ? Numbers.truncate(number) : absent;
    } else if (Numbers.isWhole(value)) {
      return Numbers.shrink(Numbers.big(value));
    }
    Operators.failIfUndefined(value);
    return absent;
  }

  private static Object toFloat(Object value, Arguments arguments) {
    Object absent = arguments.get(0, "default", 0.0);
    if (Numbers.isNumber(value)) {
      return Numbers.asDouble(value);
    } else if (value instanceof String text) {
      String number = PythonText.strip(text).replace("_", "").toLowerCase(Locale.ROOT);
      if (number.matches("[-+]?inf(inity)?")) {
        return number.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
      } else if (number.matches("[-+]?(\\d+\\.?\\d*|\\.\\d+)(e[-+]?\\d+)?")) {
        return Double.valueOf(number);
      }
      return number.matches("[-+]?nan") ? (Object) Double.NaN : absent;
    }
    Operators.failIfUndefined(value);
    return absent;
  }

  private static Object round(Object value, Arguments arguments) {
    int precision = (int) arguments.integer(0, "precision", 0);
    String method = arguments.text(1, "method", "common");
    Operators.failIfUndefined(value);
    if (!Numbers.isNumber(value)) {
      throw JinjaException.type(
          "type " + Values.typeName(value) + " doesn't define __round__ method");
    }
    double number = Numbers.asDouble(value);
    return switch (method) {
      case "common" -> {
        if (Numbers.isWhole(value) && precision >= 0) {
          yield Numbers.shrink(Numbers.big(value));
        }
        yield Double.isFinite(number)
            ? new BigDecimal(number).setScale(precision, RoundingMode.HALF_EVEN).doubleValue()
            : number;
      }
      case "ceil" -> Math.ceil(number * Math.pow(10, precision)) / Math.pow(10, precision);
      case "floor" -> Math.floor(number * Math.pow(10, precision)) / Math.pow(10, precision);
      default ->
          throw JinjaException.of("FilterArgumentError", "method must be common, ceil or floor");
    };
  }
}
