package org.treepo4j.grading;

import java.math.BigInteger;
import java.util.Optional;
import org.apache.commons.math3.fraction.BigFraction;

/**
 * Sines and cosines. An angle is split into a multiple of π and a rest. Multiples of π/12 have
 * their exact values; any other angle is a whole multiple of a small unit, and the unit gets a
 * random point of the unit circle (with rational coordinates), so that all identities between
 * multiples hold.
 */
final class Trigonometry {
  private static final int RADIAN_PARTS = 12;
  private static final int DEGREE_PARTS = 2;
  private static final BigFraction HALF_TURN = new BigFraction(180);

  private final Evaluator evaluator;
  private final Point point;
  private final RadicalBase base;
  private final Budget budget;

  /** cos + i·sin of an angle. */
  private record Direction(Surd cosine, Surd sine) {}

  Trigonometry(Evaluator evaluator, Point point, RadicalBase base, Budget budget) {
    this.evaluator = evaluator;
    this.point = point;
    this.base = base;
    this.budget = budget;
  }

  Surd value(String function, Expression angle) {
    Direction direction = direction(angle);
    return switch (function) {
      case "sin" -> direction.sine;
      case "cos" -> direction.cosine;
      case "tan" -> direction.sine.times(direction.cosine.inverse(budget), budget);
      case "cot" -> direction.cosine.times(direction.sine.inverse(budget), budget);
      case "sec" -> direction.cosine.inverse(budget);
      default -> direction.sine.inverse(budget);
    };
  }

  /** The angle among the multiples of π/12 within the principal values, if it is one of them. */
  Optional<Surd> inverse(String function, Surd value) {
    int lowest = function.equals("cos") ? 0 : -6;
    for (int k = lowest; k <= lowest + 12; k++) {
      Surd cosine = cosine(Math.floorMod(k, 24));
      if (function.equals("tan") && cosine.isZero()) {
        continue;
      }
      Surd sine = cosine(Math.floorMod(k - 6, 24));
      Surd found =
          switch (function) {
            case "sin" -> sine;
            case "cos" -> cosine;
            default -> sine.times(cosine.inverse(budget), budget);
          };
      if (found.equals(value)) {
        return Optional.of(Surd.of(point.symbol("π").multiply(k).divide(12)));
      }
    }
    return Optional.empty();
  }

  private Direction direction(Expression angle) {
    if (angle.mark().equals("°")) {
      return ofHalfTurns(rational(angle).divide(HALF_TURN));
    }
    BigFraction rest = rational(withPi(angle, 0));
    BigFraction turns = rational(withPi(angle, 1)).subtract(rest);
    if (!rational(withPi(angle, 2)).equals(rest.add(turns).add(turns))) {
      throw new NotUnderstoodException("angle is not linear in π");
    }
    return plus(ofHalfTurns(turns), multiple("radian", rest, RADIAN_PARTS));
  }

  private BigFraction rational(Expression angle) {
    return evaluator
        .value(angle)
        .rational()
        .orElseThrow(() -> new NotUnderstoodException("angle is irrational"));
  }

  private static Expression withPi(Expression angle, int pi) {
    return angle.equals(new Expression.Symbol("π"))
        ? Expression.integer(pi)
        : angle.map(part -> withPi(part, pi));
  }

  private Direction ofHalfTurns(BigFraction turns) {
    BigFraction twelfths = turns.multiply(12);
    if (Budget.isInteger(twelfths)) {
      int k = twelfths.getNumerator().mod(BigInteger.valueOf(24)).intValue();
      return new Direction(cosine(k), cosine(Math.floorMod(k - 6, 24)));
    }
    return multiple("degree", turns.multiply(HALF_TURN), DEGREE_PARTS);
  }

  /** cos(kπ/12) for k in 0..23. */
  private Surd cosine(int k) {
    int folded = k > 12 ? 24 - k : k;
    if (folded > 6) {
      return Surd.ZERO.minus(cosine(12 - folded), budget);
    }
    return switch (folded) {
      case 0 -> Surd.of(BigFraction.ONE);
      case 1 -> roots(6, 1, 4).plus(roots(2, 1, 4), budget);
      case 2 -> roots(3, 1, 2);
      case 3 -> roots(2, 1, 2);
      case 4 -> Surd.of(BigFraction.ONE_HALF);
      case 5 -> roots(6, 1, 4).minus(roots(2, 1, 4), budget);
      default -> Surd.ZERO;
    };
  }

  private Surd roots(int radicand, int top, int bottom) {
    return base.root(new BigFraction(radicand), 2)
        .times(Surd.of(new BigFraction(top, bottom)), budget);
  }

  private Direction multiple(String unit, BigFraction angle, int partsOfUnit) {
    BigFraction parts = angle.multiply(partsOfUnit);
    if (!Budget.isInteger(parts) || parts.getNumerator().bitLength() > 11) {
      throw new NotUnderstoodException("angle is no multiple of the unit");
    }
    int count = parts.intValue();
    BigFraction tangent = new BigFraction(1, 2 + point.unknown(unit).intValue() % 997);
    BigFraction square = tangent.multiply(tangent);
    BigFraction scale = square.add(1).reciprocal();
    Surd cosine = Surd.of(BigFraction.ONE.subtract(square).multiply(scale));
    Surd sine = Surd.of(tangent.multiply(2).multiply(scale));
    Direction power = new Direction(Surd.of(BigFraction.ONE), Surd.ZERO);
    Direction factor = new Direction(cosine, sine);
    for (int rest = Math.abs(count); rest > 0; rest >>= 1) {
      if ((rest & 1) == 1) {
        power = plus(power, factor);
      }
      factor = rest > 1 ? plus(factor, factor) : factor;
    }
    return count < 0 ? new Direction(power.cosine, Surd.ZERO.minus(power.sine, budget)) : power;
  }

  private Direction plus(Direction a, Direction b) {
    return new Direction(
        a.cosine.times(b.cosine, budget).minus(a.sine.times(b.sine, budget), budget),
        a.sine.times(b.cosine, budget).plus(a.cosine.times(b.sine, budget), budget));
  }
}
