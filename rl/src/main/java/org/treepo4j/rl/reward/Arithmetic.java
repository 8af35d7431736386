package org.treepo4j.rl.reward;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.commons.math3.fraction.BigFraction;

/** Exact value of whole numbers with + - * / and brackets, and which numbers were used. */
final class Arithmetic {
  private static final int MAX_LENGTH = 200;
  private static final int MAX_DIGITS = 9;

  /**
   * What an expression comes to.
   *
   * @param numbers as they stand in it, from left to right
   */
  record Result(BigFraction value, List<Long> numbers) {}

  private final String text;
  private final List<Long> numbers = new ArrayList<>();
  private int at;

  private Arithmetic(String text) {
    this.text = text;
  }

  /** Empty for anything that is not such an expression, and for divisions by zero. */
  static Optional<Result> evaluate(String expression) {
    String plain =
        expression
            .replace("\\times", "*")
            .replace("\\cdot", "*")
            .replace("\\div", "/")
            .replace("\\left", "")
            .replace("\\right", "")
            .replace('×', '*')
            .replace('÷', '/')
            .replace('−', '-')
            .replaceAll("[\\s$]", "");
    if (plain.isEmpty() || plain.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    Arithmetic arithmetic = new Arithmetic(plain);
    try {
      BigFraction value = arithmetic.sum();
      return arithmetic.at == plain.length()
          ? Optional.of(new Result(value, List.copyOf(arithmetic.numbers)))
          : Optional.empty();
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
  }

  private BigFraction sum() {
    BigFraction sum = product();
    while (peek() == '+' || peek() == '-') {
      boolean minus = text.charAt(at++) == '-';
      BigFraction next = product();
      sum = minus ? sum.subtract(next) : sum.add(next);
    }
    return sum;
  }

  private BigFraction product() {
    BigFraction product = factor();
    while (peek() == '*' || peek() == '/') {
      boolean over = text.charAt(at++) == '/';
      BigFraction next = factor();
      if (over && next.equals(BigFraction.ZERO)) {
        throw new ArithmeticException("division by zero");
      }
      product = over ? product.divide(next) : product.multiply(next);
    }
    return product;
  }

  private BigFraction factor() {
    if (peek() == '(') {
      at++;
      BigFraction inner = sum();
      if (peek() != ')') {
        throw new ArithmeticException("bracket not closed");
      }
      at++;
      return inner;
    }
    int start = at;
    while (peek() >= '0' && peek() <= '9') {
      at++;
    }
    if (start == at || at - start > MAX_DIGITS) {
      throw new ArithmeticException("number expected");
    }
    long number = Long.parseLong(text.substring(start, at));
    numbers.add(number);
    return new BigFraction(number);
  }

  private char peek() {
    return at < text.length() ? text.charAt(at) : '\0';
  }
}
