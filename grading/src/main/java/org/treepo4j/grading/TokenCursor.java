package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;

/** A place in a list of tokens. */
final class TokenCursor {
  private static final Token END = new Token(Token.Kind.END, "", false);

  private final List<Token> tokens;
  private int at;

  TokenCursor(List<Token> tokens) {
    this.tokens = new ArrayList<>(tokens);
  }

  Token peek() {
    return peek(0);
  }

  Token peek(int ahead) {
    return at + ahead < tokens.size() ? tokens.get(at + ahead) : END;
  }

  Token take() {
    Token token = peek();
    at++;
    return token;
  }

  boolean atEnd() {
    return at >= tokens.size();
  }

  boolean accept(String operator) {
    boolean there = peek().is(operator);
    at += there ? 1 : 0;
    return there;
  }

  void expect(String operator) {
    if (!accept(operator)) {
      throw new NotUnderstoodException("expected " + operator);
    }
  }

  int position() {
    return at;
  }

  void moveTo(int position) {
    at = position;
  }

  /** The tokens from a position up to here. */
  List<Token> since(int position) {
    return tokens.subList(position, Math.min(at, tokens.size()));
  }

  /** The digit a LaTeX command takes as argument when there are no braces. */
  Token takeDigit() {
    Token number = peek();
    if (number.text().length() > 2 || number.text().contains(".")) {
      throw new NotUnderstoodException("which digits are the argument?");
    }
    if (number.text().length() == 1) {
      return take();
    }
    tokens.set(at, new Token(Token.Kind.NUMBER, number.text().substring(1), false));
    return new Token(Token.Kind.NUMBER, number.text().substring(0, 1), number.spaced());
  }
}
