package org.treepo4j.tokenizer.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads a template into statements. */
final class TemplateParser {
  private final TokenStream tokens;
  private final ExpressionParser expressions;
  private int loops;

  private TemplateParser(List<Token> tokens) {
    this.tokens = new TokenStream(tokens);
    this.expressions = new ExpressionParser(this.tokens);
  }

  static List<Stmt> parse(String template) {
    TemplateParser parser = new TemplateParser(Lexer.tokenize(template));
    return parser.statements(Set.of());
  }

  /** Statements up to a block whose name is one of {@code ends}; its name is the next token. */
  private List<Stmt> statements(Set<String> ends) {
    tokens.enter();
    List<Stmt> statements = new ArrayList<>();
    while (true) {
      Token token = tokens.next();
      switch (token.kind()) {
        case DATA -> statements.add(new Stmt.Data(token.text()));
        case VARIABLE_BEGIN -> {
          statements.add(new Stmt.Output(expressions.tuple(true), token.line()));
          tokens.expect(Token.Kind.VARIABLE_END);
        }
        case BLOCK_BEGIN -> {
          if (tokens.peek().kind() == Token.Kind.NAME && ends.contains(tokens.peek().text())) {
            tokens.leave();
            return statements;
          }
          statements.add(statement());
        }
        case END -> {
          if (!ends.isEmpty()) {
            throw JinjaException.syntax(
                "unexpected end of template, expected " + ends, token.line());
          }
          tokens.leave();
          return statements;
        }
        default -> throw tokens.unexpected(token);
      }
    }
  }

  private Stmt statement() {
    Token keyword = tokens.peek();
    String name = tokens.expectName();
    int line = keyword.line();
    return switch (name) {
      case "if" -> ifStatement(line);
      case "for" -> forStatement(line);
      case "set" -> setStatement(line);
      case "macro" -> macro();
      case "call" -> callBlock(line);
      case "filter" -> filterBlock(line);
      case "with" -> with(line);
      case "generation" -> {
        endOfBlock();
        yield new Stmt.Scoped(bodyUntil("endgeneration"));
      }
      case "block" -> {
        tokens.expectName();
        endOfBlock();
        List<Stmt> body = statements(Set.of("endblock"));
        tokens.next();
        if (tokens.peek().kind() == Token.Kind.NAME) {
          tokens.next();
        }
        endOfBlock();
        yield new Stmt.Scoped(body);
      }
      case "break", "continue" -> {
        if (loops == 0) {
          throw JinjaException.syntax("'" + name + "' outside loop", line);
        }
        endOfBlock();
        yield name.equals("break") ? new Stmt.Break() : new Stmt.Continue();
      }
      case "include", "import", "from", "extends", "autoescape", "do", "trans" ->
          throw JinjaException.syntax("unsupported tag '" + name + "'", line);
      default -> throw JinjaException.syntax("Encountered unknown tag '" + name + "'.", line);
    };
  }

  private void endOfBlock() {
    tokens.expect(Token.Kind.BLOCK_END);
  }

  /** The body up to a closing tag, and that tag. */
  private List<Stmt> bodyUntil(String end) {
    List<Stmt> body = statements(Set.of(end));
    tokens.next();
    endOfBlock();
    return body;
  }

  private Stmt ifStatement(int line) {
    List<Expr> tests = new ArrayList<>();
    List<List<Stmt>> bodies = new ArrayList<>();
    List<Stmt> otherwise = List.of();
    tests.add(expressions.tuple(false));
    while (true) {
      endOfBlock();
      bodies.add(statements(Set.of("elif", "else", "endif")));
      String end = tokens.next().text();
      if (end.equals("elif")) {
        tests.add(expressions.tuple(false));
        continue;
      }
      endOfBlock();
      if (end.equals("else")) {
        otherwise = bodyUntil("endif");
      }
      return new Stmt.If(tests, bodies, otherwise, line);
    }
  }

  private Stmt forStatement(int line) {
    Stmt.Target target = target();
    if (!tokens.takeName("in")) {
      throw tokens.unexpected(tokens.peek());
    }
    Expr iterable = expressions.tuple(false);
    Expr filter = tokens.takeName("if") ? expressions.expression() : null;
    boolean recursive = tokens.takeName("recursive");
    endOfBlock();
    loops++;
    List<Stmt> body = statements(Set.of("else", "endfor"));
    loops--;
    List<Stmt> otherwise = List.of();
    String end = tokens.next().text();
    endOfBlock();
    if (end.equals("else")) {
      otherwise = bodyUntil("endfor");
    }
    return new Stmt.For(target, iterable, filter, recursive, body, otherwise, line);
  }

  private Stmt setStatement(int line) {
    Stmt.Target target = target();
    if (tokens.takeOperator("=")) {
      Expr value = expressions.tuple(true);
      endOfBlock();
      return new Stmt.Set(target, value, line);
    }
    Expr filter = tokens.peek().isOperator("|") ? expressions.filterChain(null) : null;
    endOfBlock();
    return new Stmt.SetBlock(target, filter, bodyUntil("endset"), line);
  }

  /** {@code a}, {@code ns.a}, {@code a, b} or {@code (a, b)}. */
  private Stmt.Target target() {
    Stmt.Target first = oneTarget();
    if (!tokens.peek().isOperator(",")) {
      return first;
    }
    List<Stmt.Target> targets = new ArrayList<>(List.of(first));
    while (tokens.takeOperator(",")) {
      if (tokens.peek().isName("in") || tokens.peek().isOperator("=")) {
        break;
      }
      targets.add(oneTarget());
    }
    return new Stmt.Target.Several(targets);
  }

  private Stmt.Target oneTarget() {
    if (tokens.takeOperator("(")) {
      tokens.enter();
      Stmt.Target inner = target();
      tokens.leave();
      tokens.expectOperator(")");
      return inner;
    }
    String name = tokens.expectName();
    if (tokens.takeOperator(".")) {
      return new Stmt.Target.NamespaceAttribute(name, tokens.expectName());
    }
    return new Stmt.Target.Variable(name);
  }

  private Stmt macro() {
    String name = tokens.expectName();
    Stmt.Signature signature = signature();
    endOfBlock();
    return new Stmt.MacroDefinition(name, signature, bodyOutsideLoops("endmacro"));
  }

  /** A body in which the loops around it cannot be left. */
  private List<Stmt> bodyOutsideLoops(String end) {
    int outerLoops = loops;
    loops = 0;
    List<Stmt> body = bodyUntil(end);
    loops = outerLoops;
    return body;
  }

  private Stmt.Signature signature() {
    List<String> names = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    tokens.expectOperator("(");
    while (!tokens.takeOperator(")")) {
      names.add(tokens.expectName());
      if (tokens.takeOperator("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw JinjaException.syntax(
            "non-default argument follows default argument", tokens.peek().line());
      }
      if (!tokens.takeOperator(",")) {
        tokens.expectOperator(")");
        break;
      }
    }
    return new Stmt.Signature(names, defaults);
  }

  private Stmt callBlock(int line) {
    Stmt.Signature signature = tokens.peek().isOperator("(") ? signature() : Stmt.Signature.NONE;
    Expr call = expressions.expression();
    if (!(call instanceof Expr.Call macroCall)) {
      throw JinjaException.syntax("expected call", line);
    }
    endOfBlock();
    return new Stmt.CallBlock(signature, macroCall, bodyOutsideLoops("endcall"), line);
  }

  private Stmt filterBlock(int line) {
    Expr filter = expressions.filterChain(expressions.filter(null));
    endOfBlock();
    return new Stmt.FilterBlock(filter, bodyUntil("endfilter"), line);
  }

  private Stmt with(int line) {
    List<Stmt.Target> targets = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (tokens.peek().kind() != Token.Kind.BLOCK_END) {
      targets.add(oneTarget());
      tokens.expectOperator("=");
      values.add(expressions.expression());
      if (!tokens.takeOperator(",")) {
        break;
      }
    }
    endOfBlock();
    return new Stmt.With(targets, values, bodyUntil("endwith"), line);
  }
}
