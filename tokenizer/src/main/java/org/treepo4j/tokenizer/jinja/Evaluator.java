package org.treepo4j.tokenizer.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Works out expressions. For one rendering. */
final class Evaluator {
  final Budget budget;
  final Operators operators;
  final Attributes attributes;
  private final Filters filters;
  private final Tests tests;

  Evaluator(Budget budget) {
    this.budget = budget;
    this.operators = new Operators(budget);
    this.attributes = new Attributes(budget);
    this.tests = new Tests(operators);
    this.filters = new Filters(this);
  }

  Object evaluate(Expr expr, Scope scope) {
    if (expr instanceof Expr.Literal literal) {
      return literal.value();
    } else if (expr instanceof Expr.Name name) {
      return scope.get(name.name());
    }
    budget.enter();
    try {
      return compound(expr, scope);
    } finally {
      budget.leave();
    }
  }

  private Object compound(Expr expr, Scope scope) {
    if (expr instanceof Expr.Attribute attribute) {
      return attributes.attribute(evaluate(attribute.object(), scope), attribute.name());
    } else if (expr instanceof Expr.Item item) {
      Object object = evaluate(item.object(), scope);
      return attributes.item(object, evaluate(item.index(), scope));
    } else if (expr instanceof Expr.Comparison comparison) {
      return comparison(comparison, scope);
    } else if (expr instanceof Expr.Binary binary) {
      return binary(binary, scope);
    } else if (expr instanceof Expr.Unary unary) {
      Object operand = evaluate(unary.operand(), scope);
      return unary.operator().equals("not")
          ? (Object) !Values.truth(operand)
          : operators.unary(unary.operator(), operand);
    } else if (expr instanceof Expr.Concat concat) {
      return concat(concat, scope);
    } else if (expr instanceof Expr.Conditional conditional) {
      return conditional(conditional, scope);
    } else if (expr instanceof Expr.Call call) {
      Object function = evaluate(call.function(), scope);
      return call(function, arguments(call.arguments(), scope));
    } else if (expr instanceof Expr.Filtered filtered) {
      return filter(filtered, evaluate(filtered.value(), scope), scope);
    } else if (expr instanceof Expr.Tested tested) {
      Object value = evaluate(tested.value(), scope);
      return tests.test(tested.name(), value, arguments(tested.arguments(), scope));
    } else if (expr instanceof Expr.ListOf list) {
      return all(list.items(), scope);
    } else if (expr instanceof Expr.TupleOf tuple) {
      return new Values.Tuple(all(tuple.items(), scope));
    } else if (expr instanceof Expr.DictOf dict) {
      Map<Object, Object> map = new LinkedHashMap<>();
      for (int i = 0; i < dict.keys().size(); i++) {
        Object key = Attributes.key(evaluate(dict.keys().get(i), scope));
        map.put(key, evaluate(dict.values().get(i), scope));
      }
      return map;
    } else if (expr instanceof Expr.Slice slice) {
      return attributes.slice(
          evaluate(slice.object(), scope),
          orNull(slice.start(), scope),
          orNull(slice.stop(), scope),
          orNull(slice.step(), scope));
    }
    throw new AssertionError(expr);
  }

  private Object orNull(Expr expr, Scope scope) {
    return expr == null ? null : evaluate(expr, scope);
  }

  private List<Object> all(List<Expr> exprs, Scope scope) {
    List<Object> values = new ArrayList<>();
    for (Expr each : exprs) {
      values.add(evaluate(each, scope));
    }
    return values;
  }

  private Object binary(Expr.Binary binary, Scope scope) {
    Object left = evaluate(binary.left(), scope);
    return switch (binary.operator()) {
      case "and" -> Values.truth(left) ? evaluate(binary.right(), scope) : left;
      case "or" -> Values.truth(left) ? left : evaluate(binary.right(), scope);
      default -> operators.binary(binary.operator(), left, evaluate(binary.right(), scope));
    };
  }

  private boolean comparison(Expr.Comparison comparison, Scope scope) {
    Object left = evaluate(comparison.first(), scope);
    for (int i = 0; i < comparison.operators().size(); i++) {
      Object right = evaluate(comparison.others().get(i), scope);
      if (!operators.compare(comparison.operators().get(i), left, right)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private String concat(Expr.Concat concat, Scope scope) {
    StringBuilder text = new StringBuilder();
    for (Expr part : concat.parts()) {
      String piece = PythonText.str(evaluate(part, scope));
      budget.reserveText((long) text.length() + piece.length());
      text.append(piece);
    }
    return text.toString();
  }

  private Object conditional(Expr.Conditional conditional, Scope scope) {
    if (Values.truth(evaluate(conditional.test(), scope))) {
      return evaluate(conditional.then(), scope);
    } else if (conditional.otherwise() == null) {
      return new Values.Undefined(
          "the inline if-expression evaluated to false and no else section was defined.");
    }
    return evaluate(conditional.otherwise(), scope);
  }

  Arguments arguments(Expr.CallArguments call, Scope scope) {
    if (call == Expr.CallArguments.NONE) {
      return Arguments.NONE;
    }
    List<Object> positional = all(call.positional(), scope);
    if (call.spread() != null) {
      Iterator<Object> more = Values.iterate(evaluate(call.spread(), scope));
      more.forEachRemaining(positional::add);
    }
    Map<String, Object> named = new LinkedHashMap<>();
    for (int i = 0; i < call.names().size(); i++) {
      named.put(call.names().get(i), evaluate(call.named().get(i), scope));
    }
    if (call.spreadNamed() != null) {
      if (!(evaluate(call.spreadNamed(), scope) instanceof Map<?, ?> more)) {
        throw JinjaException.type("argument after ** must be a mapping");
      }
      more.forEach((name, value) -> named.put(PythonText.str(name), value));
    }
    return new Arguments(positional, named);
  }

  Object call(Object function, Arguments arguments) {
    if (function instanceof Values.Function callable) {
      return callable.call(arguments);
    } else if (function instanceof Macro macro) {
      return macro.call(arguments);
    } else if (function instanceof LoopContext loop) {
      return loop.call(arguments);
    } else if (function instanceof Values.Undefined undefined) {
      throw undefined.error();
    }
    throw JinjaException.type("'" + Values.typeName(function) + "' object is not callable");
  }

  /** A chain of filters on a text that a block made; the innermost stands for that text. */
  Object filterBlock(Expr expr, Object text, Scope scope) {
    if (expr == null) {
      return text;
    }
    Expr.Filtered filtered = (Expr.Filtered) expr;
    return filter(filtered, filterBlock(filtered.value(), text, scope), scope);
  }

  private Object filter(Expr.Filtered filtered, Object value, Scope scope) {
    return filter(filtered.name(), value, arguments(filtered.arguments(), scope));
  }

  Object filter(String name, Object value, Arguments arguments) {
    return filters.apply(name, value, arguments);
  }

  boolean test(String name, Object value, Arguments arguments) {
    return tests.test(name, value, arguments);
  }
}
