package org.treepo4j.grading;

import java.math.BigInteger;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.commons.math3.fraction.BigFraction;

/**
 * A product of real roots, each atom to a power between 0 and 1; the atom -1 to the power 1/2 is
 * the imaginary unit. Atoms come from one {@link RadicalBase}, which keeps them coprime and free of
 * perfect powers, so that different radicals are linearly independent over the rationals.
 */
record Radical(SortedMap<BigInteger, BigFraction> powers) implements Comparable<Radical> {
  static final Radical ONE = new Radical(new TreeMap<>());

  static Radical of(BigInteger atom, BigFraction power) {
    SortedMap<BigInteger, BigFraction> powers = new TreeMap<>();
    powers.put(atom, power);
    return new Radical(powers);
  }

  /** The product with another radical, as a term: whole powers go into the coefficient. */
  Surd.Term times(Radical other, Budget budget) {
    SortedMap<BigInteger, BigFraction> product = new TreeMap<>(powers);
    BigFraction coefficient = BigFraction.ONE;
    for (Map.Entry<BigInteger, BigFraction> factor : other.powers.entrySet()) {
      BigFraction power = product.getOrDefault(factor.getKey(), BigFraction.ZERO);
      power = power.add(factor.getValue());
      if (power.compareTo(BigFraction.ONE) >= 0) {
        power = power.subtract(BigFraction.ONE);
        budget.spendBits(Budget.bits(coefficient) + factor.getKey().bitLength());
        coefficient = coefficient.multiply(factor.getKey());
      }
      if (power.equals(BigFraction.ZERO)) {
        product.remove(factor.getKey());
      } else {
        product.put(factor.getKey(), power);
      }
    }
    return new Surd.Term(new Radical(product), coefficient);
  }

  boolean isOne() {
    return powers.isEmpty();
  }

  /** Whether its square is rational. */
  boolean isSquareRoot() {
    return powers.values().stream().allMatch(BigFraction.ONE_HALF::equals);
  }

  @Override
  public int compareTo(Radical other) {
    var left = powers.entrySet().iterator();
    var right = other.powers.entrySet().iterator();
    while (left.hasNext() && right.hasNext()) {
      Map.Entry<BigInteger, BigFraction> a = left.next();
      Map.Entry<BigInteger, BigFraction> b = right.next();
      int order = a.getKey().compareTo(b.getKey());
      order = order == 0 ? a.getValue().compareTo(b.getValue()) : order;
      if (order != 0) {
        return order;
      }
    }
    return Boolean.compare(left.hasNext(), right.hasNext());
  }
}
