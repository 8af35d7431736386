package org.treepo4j.tokenizer.jinja;

import java.util.List;

/** The tokens of a template with a place among them, for the parsers. */
final class TokenStream {
  /** How deep expressions and statements may nest. */
  private static final int MAX_DEPTH = 150;

  private final List<Token> tokens;
  private int at;
  private int depth;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek() {
    return tokens.get(at);
  }

  /** The token {@code ahead} of the next one; the last where there are not so many. */
  Token peek(int ahead) {
    return tokens.get(Math.min(at + ahead, tokens.size() - 1));
  }

  Token next() {
    Token token = tokens.get(at);
    if (at < tokens.size() - 1) {
      at++;
    }
    return token;
  }

  boolean takeOperator(String operator) {
    boolean there = peek().isOperator(operator);
    if (there) {
      next();
    }
    return there;
  }

  boolean takeName(String name) {
    boolean there = peek().isName(name);
    if (there) {
      next();
    }
    return there;
  }

  void expectOperator(String operator) {
    if (!takeOperator(operator)) {
      throw JinjaException.syntax(
          "expected token '" + operator + "', got '" + peek().text() + "'", peek().line());
    }
  }

  String expectName() {
    Token token = next();
    if (token.kind() != Token.Kind.NAME) {
      throw JinjaException.syntax("expected a name, got '" + token.text() + "'", token.line());
    }
    return token.text();
  }

  void expect(Token.Kind kind) {
    Token token = next();
    if (token.kind() != kind) {
      throw unexpected(token);
    }
  }

  JinjaException unexpected(Token token) {
    return JinjaException.syntax("unexpected '" + token.text() + "'", token.line());
  }

  /** Goes one level deeper; {@link #leave} comes back. */
  void enter() {
    if (++depth > MAX_DEPTH) {
      throw JinjaException.syntax("nested deeper than " + MAX_DEPTH, peek().line());
    }
  }

  void leave() {
    depth--;
  }
}
