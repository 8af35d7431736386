package org.treepo4j.grading;

/**
 * A piece of a formula.
 *
 * @param kind what it is
 * @param text its normalised spelling
 * @param spaced whether white space stands before it
 */
record Token(Kind kind, String text, boolean spaced) {

  enum Kind {
    /** Digits with at most one decimal point; thousands separators are gone. */
    NUMBER,
    /** A letter or the name of a Greek one. */
    SYMBOL,
    /** sin, log, … */
    FUNCTION,
    /** A LaTeX command with arguments: frac, sqrt, begin, … */
    COMMAND,
    /** One character: operators, relations, brackets. */
    OPERATOR,
    /** Words. */
    TEXT,
    /** The sign or code of a currency, before or behind its number. */
    CURRENCY,
    END
  }

  boolean is(String operator) {
    return kind == Kind.OPERATOR && text.equals(operator);
  }

  boolean isCommand(String name) {
    return kind == Kind.COMMAND && text.equals(name);
  }
}
