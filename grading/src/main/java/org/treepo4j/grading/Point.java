package org.treepo4j.grading;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.apache.commons.math3.fraction.BigFraction;

/**
 * Values for the variables of a comparison: random, but the same for the same name and round.
 * Constants that are no roots (π, e) and unknown functions get random values too: two expressions
 * that agree for such values agree formally, so they are equal. π and e stay close to their size,
 * for the sign of differences.
 */
final class Point {
  private static final long MILLION = 1_000_000;
  private static final BigFraction PI = new BigFraction(3_141_592_653L, 1_000_000_000L);
  private static final BigFraction E = new BigFraction(2_718_281_828L, 1_000_000_000L);

  private static final Set<String> CONSTANTS = Set.of("π", "e", "i", "∞");

  private final int round;
  private final Set<String> small;
  private final List<String> variables;

  /**
   * @param round each round has its own values
   * @param expressions what will be evaluated; variables that stand in exponents and the like get
   *     small positive values
   */
  Point(int round, Expression... expressions) {
    this.round = round;
    this.small = smallVariables(expressions);
    Set<String> names = new TreeSet<>();
    for (Expression expression : expressions) {
      names(expression, names);
    }
    names.removeAll(CONSTANTS);
    this.variables = List.copyOf(names);
  }

  boolean hasVariables() {
    return !variables.isEmpty();
  }

  BigFraction symbol(String name) {
    SplittableRandom random = random(name);
    return switch (name) {
      case "π" -> PI.add(new BigFraction(random.nextLong(MILLION), MILLION * MILLION * 10));
      case "e" -> E.add(new BigFraction(random.nextLong(MILLION), MILLION * MILLION * 10));
      case "∞" -> new BigFraction(MILLION * MILLION + random.nextLong(MILLION));
      default ->
          small.contains(name) ? new BigFraction(2 + random.nextInt(11) + round) : variable(random);
    };
  }

  /** Even rounds are positive, odd ones have both signs. */
  private BigFraction variable(SplittableRandom random) {
    long size = 2 + random.nextLong(MILLION);
    return new BigFraction(round % 2 == 1 && random.nextBoolean() ? -size : size);
  }

  /** The value of something that is only known by its name. */
  BigFraction unknown(String key) {
    return new BigFraction(2 + random(key).nextLong(MILLION * 1000));
  }

  private SplittableRandom random(String name) {
    long hash = 0xcbf29ce484222325L + round;
    for (int i = 0; i < name.length(); i++) {
      hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
      hash ^= hash >>> 29;
    }
    return new SplittableRandom(hash);
  }

  /** The variables of an expression that must be small whole numbers. */
  private static Set<String> smallVariables(Expression... expressions) {
    Set<String> small = new HashSet<>();
    for (Expression expression : expressions) {
      expression.visit(
          part -> {
            if (part instanceof Expression.Power power) {
              names(power.exponent(), small);
            } else if (part instanceof Expression.Call call
                && !call.function().equals("abs")
                && !call.function().equals("ln")
                && !call.function().equals("log")) {
              names(part, small);
            }
          });
    }
    return small;
  }

  private static void names(Expression expression, Set<String> into) {
    expression.visit(
        part -> {
          if (part instanceof Expression.Symbol symbol) {
            into.add(symbol.name());
          }
        });
  }
}
