package org.treepo4j.grading;

import java.math.BigInteger;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.commons.math3.fraction.BigFraction;
import org.treepo4j.grading.Budget.LimitException;
import org.treepo4j.grading.Evaluator.UndefinedException;

/** An exact number: a sum of rational multiples of radicals, without zero coefficients. */
record Surd(SortedMap<Radical, BigFraction> terms) {
  private static final int MAX_TERMS = 200;
  private static final int STEPS_PER_TERM = 4;

  /** One summand. */
  record Term(Radical radical, BigFraction coefficient) {}

  static final Surd ZERO = new Surd(new TreeMap<>());
  static final Surd I =
      of(new Term(Radical.of(BigInteger.ONE.negate(), BigFraction.ONE_HALF), BigFraction.ONE));

  static Surd of(BigFraction value) {
    return of(new Term(Radical.ONE, value));
  }

  static Surd of(Term term) {
    SortedMap<Radical, BigFraction> terms = new TreeMap<>();
    if (!term.coefficient.equals(BigFraction.ZERO)) {
      terms.put(term.radical, term.coefficient);
    }
    return new Surd(terms);
  }

  /** The value where it is rational. */
  Optional<BigFraction> rational() {
    if (terms.isEmpty()) {
      return Optional.of(BigFraction.ZERO);
    }
    return terms.size() == 1 && terms.firstKey().isOne()
        ? Optional.of(terms.get(terms.firstKey()))
        : Optional.empty();
  }

  boolean isZero() {
    return terms.isEmpty();
  }

  Surd plus(Surd other, Budget budget) {
    SortedMap<Radical, BigFraction> sum = new TreeMap<>(terms);
    other.terms.forEach((radical, coefficient) -> add(sum, radical, coefficient, budget));
    return new Surd(sum);
  }

  Surd minus(Surd other, Budget budget) {
    return plus(other.times(of(BigFraction.MINUS_ONE), budget), budget);
  }

  Surd times(Surd other, Budget budget) {
    SortedMap<Radical, BigFraction> product = new TreeMap<>();
    for (Map.Entry<Radical, BigFraction> a : terms.entrySet()) {
      for (Map.Entry<Radical, BigFraction> b : other.terms.entrySet()) {
        budget.spend(STEPS_PER_TERM);
        budget.spendBits((long) Budget.bits(a.getValue()) + Budget.bits(b.getValue()));
        BigFraction coefficient = a.getValue().multiply(b.getValue());
        Term radical = a.getKey().times(b.getKey(), budget);
        add(product, radical.radical, coefficient.multiply(radical.coefficient), budget);
      }
    }
    if (product.size() > MAX_TERMS) {
      throw new LimitException();
    }
    return new Surd(product);
  }

  private static void add(
      Map<Radical, BigFraction> sum, Radical radical, BigFraction coefficient, Budget budget) {
    BigFraction before = sum.get(radical);
    BigFraction after = coefficient;
    if (before != null) {
      budget.spendBits((long) Budget.bits(before) + Budget.bits(coefficient));
      after = before.add(coefficient);
    }
    if (after.equals(BigFraction.ZERO)) {
      sum.remove(radical);
    } else {
      sum.put(radical, after);
    }
  }

  Surd power(int exponent, Budget budget) {
    if (exponent < 0) {
      return inverse(budget).power(-exponent, budget);
    }
    long bits = 0;
    for (BigFraction coefficient : terms.values()) {
      bits = Math.max(bits, Budget.bits(coefficient));
    }
    if (bits > 2 && bits * exponent > Budget.MAX_BITS) {
      throw new LimitException();
    }
    Surd result = of(BigFraction.ONE);
    Surd square = this;
    for (int rest = exponent; rest > 0; rest >>= 1) {
      if ((rest & 1) == 1) {
        result = result.times(square, budget);
      }
      if (rest > 1) {
        square = square.times(square, budget);
      }
    }
    return result;
  }

  /** One over this number; square roots below the line are multiplied away one by one. */
  Surd inverse(Budget budget) {
    budget.enter();
    try {
      if (terms.isEmpty()) {
        throw new UndefinedException();
      }
      if (terms.size() == 1) {
        return inverseOfTerm(terms.firstKey(), terms.get(terms.firstKey()), budget);
      }
      if (!terms.keySet().stream().allMatch(Radical::isSquareRoot)) {
        return inverseOfPair(budget);
      }
      BigInteger atom = terms.lastKey().powers().firstKey();
      SortedMap<Radical, BigFraction> conjugate = new TreeMap<>();
      terms.forEach(
          (radical, coefficient) ->
              conjugate.put(
                  radical,
                  radical.powers().containsKey(atom) ? coefficient.negate() : coefficient));
      Surd mirrored = new Surd(conjugate);
      return mirrored.times(times(mirrored, budget).inverse(budget), budget);
    } finally {
      budget.leave();
    }
  }

  /** 1/(a + b) = (1 − r + r² − …)/a/(1 − (−r)ⁿ) with r = b/a, whose n-th power is rational. */
  private Surd inverseOfPair(Budget budget) {
    if (terms.size() != 2) {
      throw new NotUnderstoodException("division by a sum of higher roots");
    }
    Radical first = terms.firstKey();
    Radical second = terms.lastKey();
    Surd inverse = inverseOfTerm(first, terms.get(first), budget);
    Surd ratio = of(new Term(second, terms.get(second).negate())).times(inverse, budget);
    Surd sum = ZERO;
    Surd power = of(BigFraction.ONE);
    for (int n = 0; n < MAX_TERMS; n++) {
      sum = sum.plus(power, budget);
      power = power.times(ratio, budget);
      if (power.rational().isPresent()) {
        Surd rest = of(BigFraction.ONE.subtract(power.rational().get()));
        return inverse.times(sum, budget).times(rest.inverse(budget), budget);
      }
    }
    throw new LimitException();
  }

  private static Surd inverseOfTerm(Radical radical, BigFraction coefficient, Budget budget) {
    SortedMap<BigInteger, BigFraction> powers = new TreeMap<>();
    BigFraction value = coefficient.reciprocal();
    for (Map.Entry<BigInteger, BigFraction> factor : radical.powers().entrySet()) {
      powers.put(factor.getKey(), BigFraction.ONE.subtract(factor.getValue()));
      budget.spendBits((long) Budget.bits(value) + factor.getKey().bitLength());
      value = value.divide(factor.getKey());
    }
    return of(new Term(new Radical(powers), value));
  }

  /**
   * -1, 0 or 1 for a real number; nothing where it is complex or too close to zero for certainty.
   */
  Optional<Integer> sign() {
    if (rational().isPresent()) {
      return Optional.of(rational().get().compareTo(BigFraction.ZERO));
    }
    double sum = 0;
    double magnitude = 0;
    for (Map.Entry<Radical, BigFraction> term : terms.entrySet()) {
      double value = term.getValue().doubleValue();
      for (Map.Entry<BigInteger, BigFraction> root : term.getKey().powers().entrySet()) {
        value *= Math.pow(root.getKey().doubleValue(), root.getValue().doubleValue());
      }
      sum += value;
      magnitude += Math.abs(value);
    }
    boolean certain = Double.isFinite(magnitude) && Math.abs(sum) > 1e-9 * magnitude;
    return certain ? Optional.of(sum > 0 ? 1 : -1) : Optional.empty();
  }
}
