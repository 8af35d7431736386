package org.treepo4j.tokenizer.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Python's operators on the values of a template. */
final class Operators {
  private final Budget budget;

  Operators(Budget budget) {
    this.budget = budget;
  }

  Object binary(String operator, Object left, Object right) {
    failIfUndefined(left);
    if (operator.equals("%") && left instanceof String format) {
      return budget.text(Formatting.percent(format, right, budget));
    }
    failIfUndefined(right);
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.arithmetic(operator, left, right);
    }
    if (operator.equals("+")) {
      if (left instanceof String a && right instanceof String b) {
        budget.reserveText((long) a.length() + b.length());
        return a + b;
      } else if (left instanceof List<?> a
          && right instanceof List<?> b
          && left instanceof Values.Tuple == right instanceof Values.Tuple) {
        budget.reserveItems((long) a.size() + b.size());
        List<Object> joined = new ArrayList<>(a);
        joined.addAll(b);
        return left instanceof Values.Tuple ? new Values.Tuple(joined) : joined;
      }
    } else if (operator.equals("*")) {
      if (Numbers.isWhole(right)) {
        return repeated(left, Math.max(0, Numbers.index(right)), right);
      } else if (Numbers.isWhole(left)) {
        return repeated(right, Math.max(0, Numbers.index(left)), left);
      }
    }
    throw unsupported(operator, left, right);
  }

  private Object repeated(Object value, long times, Object count) {
    if (value instanceof String text) {
      budget.reserveText(
          text.isEmpty()
              ? 0
              : Math.multiplyHigh(text.length(), times) != 0
                  ? Long.MAX_VALUE
                  : text.length() * times);
      return text.isEmpty() ? "" : text.repeat((int) times);
    } else if (value instanceof List<?> list) {
      if (list.isEmpty() || times == 0) {
        return List.of();
      }
      budget.reserveItems(times > Integer.MAX_VALUE ? times : list.size() * times);
      List<Object> all = new ArrayList<>();
      for (List<?> each : Collections.nCopies((int) times, list)) {
        all.addAll(each);
      }
      return value instanceof Values.Tuple ? new Values.Tuple(all) : all;
    }
    throw unsupported("*", value, count);
  }

  private static JinjaException unsupported(String operator, Object left, Object right) {
    if (operator.equals("+") && (left instanceof String || left instanceof List)) {
      String to = Values.typeName(left);
      return JinjaException.type(
          "can only concatenate " + to + " (not \"" + Values.typeName(right) + "\") to " + to);
    }
    return JinjaException.type(
        "unsupported operand type(s) for "
            + operator
            + ": '"
            + Values.typeName(left)
            + "' and '"
            + Values.typeName(right)
            + "'");
  }

  Object unary(String operator, Object operand) {
    failIfUndefined(operand);
    if (!Numbers.isNumber(operand)) {
      throw JinjaException.type(
          "bad operand type for unary " + operator + ": '" + Values.typeName(operand) + "'");
    }
    return operator.equals("-")
        ? Numbers.negate(operand)
        : Numbers.isWhole(operand) ? Numbers.shrink(Numbers.big(operand)) : operand;
  }

  boolean compare(String operator, Object left, Object right) {
    return switch (operator) {
      case "==" -> equal(left, right);
      case "!=" -> !equal(left, right);
      case "in" -> contains(right, left);
      case "not in" -> !contains(right, left);
      case "<" -> order(left, right, "<") < 0;
      case "<=" -> order(left, right, "<=") <= 0;
      case ">" -> order(left, right, ">") > 0;
      case ">=" -> order(left, right, ">=") >= 0;
      default -> throw new AssertionError(operator);
    };
  }

  static boolean equal(Object left, Object right) {
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.compare(left, right) == 0 && !isNan(left) && !isNan(right);
    } else if (left instanceof Values.Undefined && right instanceof Values.Undefined) {
      return true;
    } else if (left instanceof List<?> a && right instanceof List<?> b) {
      if (a.size() != b.size() || left instanceof Values.Tuple != right instanceof Values.Tuple) {
        return false;
      }
      Iterator<?> others = b.iterator();
      return a.stream().allMatch(item -> equal(item, others.next()));
    } else if (left instanceof Map<?, ?> a && right instanceof Map<?, ?> b) {
      return a.size() == b.size()
          && a.entrySet().stream()
              .allMatch(e -> b.containsKey(e.getKey()) && equal(e.getValue(), b.get(e.getKey())));
    }
    return Objects.equals(left, right);
  }

  private static boolean isNan(Object value) {
    return value instanceof Double number && number.isNaN();
  }

  /** Less than, equal or greater than zero, as {@code left} stands to {@code right}. */
  static int order(Object left, Object right, String operator) {
    failIfUndefined(left);
    failIfUndefined(right);
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.compare(left, right);
    } else if (left instanceof String a && right instanceof String b) {
      return compareByCodePoints(a, b);
    } else if (left instanceof List<?> a && right instanceof List<?> b) {
      for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
        if (!equal(a.get(i), b.get(i))) {
          return order(a.get(i), b.get(i), operator);
        }
      }
      return Integer.compare(a.size(), b.size());
    }
    throw JinjaException.type(
        "'"
            + operator
            + "' not supported between instances of '"
            + Values.typeName(left)
            + "' and '"
            + Values.typeName(right)
            + "'");
  }

  private static int compareByCodePoints(String a, String b) {
    int at = 0;
    while (at < a.length() && at < b.length()) {
      int x = a.codePointAt(at);
      int y = b.codePointAt(at);
      if (x != y) {
        return Integer.compare(x, y);
      }
      at += Character.charCount(x);
    }
    return Integer.compare(a.length(), b.length());
  }

  /** {@code item in container}. */
  boolean contains(Object container, Object item) {
    if (container instanceof String text) {
      if (!(item instanceof String part)) {
        if (item instanceof Values.Undefined undefined) {
          throw undefined.error();
        }
        throw JinjaException.type(
            "'in <string>' requires string as left operand, not " + Values.typeName(item));
      }
      return text.contains(part);
    } else if (container instanceof Map<?, ?> map) {
      return map.containsKey(Attributes.key(item));
    } else if (!Values.isIterable(container)) {
      throw JinjaException.type(
          "argument of type '" + Values.typeName(container) + "' is not iterable");
    }
    for (Iterator<Object> items = Values.iterate(container); items.hasNext(); ) {
      budget.step();
      if (equal(items.next(), item)) {
        return true;
      }
    }
    return false;
  }

  static void failIfUndefined(Object value) {
    if (value instanceof Values.Undefined undefined) {
      throw undefined.error();
    }
  }
}
