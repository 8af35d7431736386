package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Intervals whose open ends have brackets that face outwards, ]1,3[ for (1,3), as in French. */
final class OutwardBrackets {
  private static final Set<String> OPERATIONS = Set.of("∪", "∩", "∖", ",", "∨");

  private OutwardBrackets() {}

  /**
   * The tokens with the brackets turned; the same tokens where one is in doubt. Every bracket must
   * begin or end an interval of two ends, behind which the answer ends or another set follows.
   */
  static List<Token> turned(List<Token> tokens) {
    List<Token> turned = new ArrayList<>(tokens);
    boolean inside = false;
    int depth = 0;
    int separators = 0;
    for (int i = 0; i < tokens.size(); i++) {
      Token token = tokens.get(i);
      boolean square = token.is("[") || token.is("]");
      if (!inside) {
        if (square) {
          inside = true;
          separators = 0;
          turned.set(i, token.is("]") ? bracket("(", token) : token);
        }
      } else if (depth == 0 && square) {
        if (separators != 1 || !endsASet(tokens, i)) {
          return tokens;
        }
        inside = false;
        turned.set(i, token.is("[") ? bracket(")", token) : token);
      } else if (square) {
        return tokens;
      } else if (token.is("(") || token.is("{")) {
        depth++;
      } else if (token.is(")") || token.is("}")) {
        depth--;
      } else if (depth == 0 && (token.is(",") || token.is(";"))) {
        separators++;
      }
    }
    return inside ? tokens : turned;
  }

  private static boolean endsASet(List<Token> tokens, int close) {
    return close + 1 == tokens.size() || OPERATIONS.contains(tokens.get(close + 1).text());
  }

  private static Token bracket(String text, Token instead) {
    return new Token(Token.Kind.OPERATOR, text, instead.spaced());
  }
}
