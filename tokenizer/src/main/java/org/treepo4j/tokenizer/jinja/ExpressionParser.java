package org.treepo4j.tokenizer.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads expressions with Jinja2's precedences. */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<String> AFTER_TEST =
      Set.of("else", "or", "and", "is", "if", "not", "in");

  private final TokenStream tokens;

  ExpressionParser(TokenStream tokens) {
    this.tokens = tokens;
  }

  /** An expression; with commas it is a tuple. */
  Expr tuple(boolean withConditional) {
    Expr first = withConditional ? expression() : or();
    if (!tokens.peek().isOperator(",")) {
      return first;
    }
    List<Expr> items = new ArrayList<>(List.of(first));
    while (tokens.takeOperator(",")) {
      if (endsTuple()) {
        break;
      }
      items.add(withConditional ? expression() : or());
    }
    return new Expr.TupleOf(items);
  }

  private boolean endsTuple() {
    Token next = tokens.peek();
    return next.kind() == Token.Kind.VARIABLE_END
        || next.kind() == Token.Kind.BLOCK_END
        || next.isOperator(")")
        || next.isName("in")
        || next.isName("recursive");
  }

  Expr expression() {
    tokens.enter();
    Expr value = or();
    while (tokens.takeName("if")) {
      Expr test = or();
      Expr otherwise = tokens.takeName("else") ? expression() : null;
      value = new Expr.Conditional(test, value, otherwise);
    }
    tokens.leave();
    return value;
  }

  Expr or() {
    Expr left = and();
    while (tokens.takeName("or")) {
      left = new Expr.Binary("or", left, and());
    }
    return left;
  }

  private Expr and() {
    Expr left = not();
    while (tokens.takeName("and")) {
      left = new Expr.Binary("and", left, not());
    }
    return left;
  }

  private Expr not() {
    if (tokens.takeName("not")) {
      tokens.enter();
      Expr operand = not();
      tokens.leave();
      return new Expr.Unary("not", operand);
    }
    return comparison();
  }

  private Expr comparison() {
    Expr first = sum();
    List<String> operators = new ArrayList<>();
    List<Expr> others = new ArrayList<>();
    while (true) {
      Token next = tokens.peek();
      if (next.kind() == Token.Kind.OPERATOR && COMPARISONS.contains(next.text())) {
        operators.add(tokens.next().text());
      } else if (tokens.takeName("in")) {
        operators.add("in");
      } else if (next.isName("not") && tokens.peek(1).isName("in")) {
        tokens.next();
        tokens.next();
        operators.add("not in");
      } else {
        return operators.isEmpty() ? first : new Expr.Comparison(first, operators, others);
      }
      others.add(sum());
    }
  }

  private Expr sum() {
    Expr left = concat();
    while (tokens.peek().isOperator("+") || tokens.peek().isOperator("-")) {
      String operator = tokens.next().text();
      left = new Expr.Binary(operator, left, concat());
    }
    return left;
  }

  private Expr concat() {
    Expr first = product();
    if (!tokens.peek().isOperator("~")) {
      return first;
    }
    List<Expr> parts = new ArrayList<>(List.of(first));
    while (tokens.takeOperator("~")) {
      parts.add(product());
    }
    return new Expr.Concat(parts);
  }

  private Expr product() {
    Expr left = power();
    while (true) {
      Token next = tokens.peek();
      if (!next.isOperator("*")
          && !next.isOperator("/")
          && !next.isOperator("//")
          && !next.isOperator("%")) {
        return left;
      }
      tokens.next();
      left = new Expr.Binary(next.text(), left, power());
    }
  }

  private Expr power() {
    Expr left = unary(true);
    while (tokens.takeOperator("**")) {
      left = new Expr.Binary("**", left, unary(true));
    }
    return left;
  }

  private Expr unary(boolean withFilters) {
    tokens.enter();
    Expr value;
    if (tokens.takeOperator("-")) {
      value = new Expr.Unary("-", unary(false));
    } else if (tokens.takeOperator("+")) {
      value = new Expr.Unary("+", unary(false));
    } else {
      value = primary();
    }
    value = postfix(value);
    tokens.leave();
    return withFilters ? filters(value) : value;
  }

  private Expr primary() {
    Token token = tokens.next();
    return switch (token.kind()) {
      case NAME ->
          switch (token.text()) {
            case "true", "True" -> new Expr.Literal(true);
            case "false", "False" -> new Expr.Literal(false);
            case "none", "None" -> new Expr.Literal(null);
            default -> new Expr.Name(token.text());
          };
      case STRING -> {
        StringBuilder text = new StringBuilder(token.text());
        while (tokens.peek().kind() == Token.Kind.STRING) {
          text.append(tokens.next().text());
        }
        yield new Expr.Literal(text.toString());
      }
      case INTEGER -> new Expr.Literal(integer(token.text()));
      case FLOAT -> new Expr.Literal(Double.valueOf(token.text()));
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> parenthesised();
            case "[" -> new Expr.ListOf(items("]"));
            case "{" -> dict();
            default -> throw tokens.unexpected(token);
          };
      default -> throw tokens.unexpected(token);
    };
  }

  private static Object integer(String digits) {
    int radix =
        digits.length() < 2
            ? 10
            : switch (Character.toLowerCase(digits.charAt(1))) {
              case 'x' -> 16;
              case 'o' -> 8;
              case 'b' -> 2;
              default -> 10;
            };
    String plain = radix == 10 ? digits : digits.substring(2);
    return Numbers.shrink(new BigInteger(plain, radix));
  }

  private Expr parenthesised() {
    if (tokens.takeOperator(")")) {
      return new Expr.TupleOf(List.of());
    }
    Expr inner = tuple(true);
    tokens.expectOperator(")");
    return inner;
  }

  private List<Expr> items(String end) {
    List<Expr> items = new ArrayList<>();
    while (!tokens.takeOperator(end)) {
      items.add(expression());
      if (!tokens.takeOperator(",")) {
        tokens.expectOperator(end);
        break;
      }
    }
    return items;
  }

  private Expr dict() {
    List<Expr> keys = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!tokens.takeOperator("}")) {
      keys.add(expression());
      tokens.expectOperator(":");
      values.add(expression());
      if (!tokens.takeOperator(",")) {
        tokens.expectOperator("}");
        break;
      }
    }
    return new Expr.DictOf(keys, values);
  }

  /** Attributes, items and calls. */
  private Expr postfix(Expr object) {
    Expr value = object;
    while (true) {
      if (tokens.takeOperator(".")) {
        Token name = tokens.next();
        if (name.kind() == Token.Kind.INTEGER) {
          value = new Expr.Item(value, new Expr.Literal(integer(name.text())));
        } else if (name.kind() == Token.Kind.NAME) {
          value = new Expr.Attribute(value, name.text());
        } else {
          throw tokens.unexpected(name);
        }
      } else if (tokens.takeOperator("[")) {
        value = subscript(value);
      } else if (tokens.peek().isOperator("(")) {
        value = new Expr.Call(value, arguments());
      } else {
        return value;
      }
    }
  }

  private Expr subscript(Expr object) {
    Expr start = tokens.peek().isOperator(":") ? null : expression();
    if (tokens.takeOperator(":")) {
      Expr stop = sliceEnds() ? null : expression();
      Expr step = null;
      if (tokens.takeOperator(":") && !sliceEnds()) {
        step = expression();
      }
      tokens.expectOperator("]");
      return new Expr.Slice(object, start, stop, step);
    }
    if (tokens.peek().isOperator(",")) {
      throw tokens.unexpected(tokens.peek());
    }
    tokens.expectOperator("]");
    return new Expr.Item(object, start);
  }

  private boolean sliceEnds() {
    return tokens.peek().isOperator(":") || tokens.peek().isOperator("]");
  }

  Expr.CallArguments arguments() {
    tokens.expectOperator("(");
    List<Expr> positional = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<Expr> named = new ArrayList<>();
    Expr spread = null;
    Expr spreadNamed = null;
    while (!tokens.takeOperator(")")) {
      if (tokens.takeOperator("**")) {
        spreadNamed = expression();
      } else if (tokens.takeOperator("*")) {
        spread = expression();
      } else if (tokens.peek().kind() == Token.Kind.NAME && tokens.peek(1).isOperator("=")) {
        names.add(tokens.next().text());
        tokens.next();
        named.add(expression());
      } else {
        if (!names.isEmpty()) {
          throw tokens.unexpected(tokens.peek());
        }
        positional.add(expression());
      }
      if (!tokens.takeOperator(",")) {
        tokens.expectOperator(")");
        break;
      }
    }
    return new Expr.CallArguments(positional, names, named, spread, spreadNamed);
  }

  /** Filters, tests, and calls of what they give. */
  private Expr filters(Expr object) {
    Expr value = object;
    while (true) {
      if (tokens.peek().isOperator("|")) {
        value = filterChain(value);
      } else if (tokens.takeName("is")) {
        value = test(value);
      } else if (tokens.peek().isOperator("(")) {
        value = new Expr.Call(value, arguments());
      } else {
        return value;
      }
    }
  }

  /** {@code |a|b(c)}, at least one. */
  Expr filterChain(Expr object) {
    Expr value = object;
    while (tokens.takeOperator("|")) {
      value = filter(value);
    }
    return value;
  }

  /** A filter without its bar. */
  Expr filter(Expr object) {
    String name = dottedName();
    Expr.CallArguments arguments =
        tokens.peek().isOperator("(") ? arguments() : Expr.CallArguments.NONE;
    return new Expr.Filtered(object, name, arguments);
  }

  private String dottedName() {
    StringBuilder name = new StringBuilder(tokens.expectName());
    while (tokens.takeOperator(".")) {
      name.append('.').append(tokens.expectName());
    }
    return name.toString();
  }

  private Expr test(Expr value) {
    boolean negated = tokens.takeName("not");
    String name = dottedName();
    Expr.CallArguments arguments = Expr.CallArguments.NONE;
    Token next = tokens.peek();
    if (next.isOperator("(")) {
      arguments = arguments();
    } else if (startsTestArgument(next)) {
      tokens.enter();
      Expr argument = postfix(primary());
      tokens.leave();
      arguments = new Expr.CallArguments(List.of(argument), List.of(), List.of(), null, null);
    }
    Expr test = new Expr.Tested(value, name, arguments);
    return negated ? new Expr.Unary("not", test) : test;
  }

  private static boolean startsTestArgument(Token token) {
    return switch (token.kind()) {
      case NAME -> !AFTER_TEST.contains(token.text());
      case STRING, INTEGER, FLOAT -> true;
      case OPERATOR -> token.text().equals("[") || token.text().equals("{");
      default -> false;
    };
  }
}
