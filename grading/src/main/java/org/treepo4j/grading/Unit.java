package org.treepo4j.grading;

import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.math3.fraction.BigFraction;

/**
 * A unit of measure.
 *
 * @param powers the power of every base it is made of: m/s² is {length=1, time=-2}. What is counted
 *     ("apples") is a base of its own
 * @param factor its size in base units
 * @param zero where its scale begins, in base units; 0 but for temperatures
 */
record Unit(Map<String, Integer> powers, BigFraction factor, BigFraction zero) {
  /** No unit. */
  static final Unit ONE = new Unit(Map.of(), BigFraction.ONE, BigFraction.ZERO);

  /** What "units" and "square units" are made of: a length that the task did not name. */
  static final String UNNAMED_LENGTH = "unit";

  Unit {
    powers = Map.copyOf(powers);
  }

  static Unit of(String base, BigFraction factor) {
    return new Unit(Map.of(base, 1), factor, BigFraction.ZERO);
  }

  boolean isOne() {
    return powers.isEmpty() && factor.equals(BigFraction.ONE);
  }

  Unit power(int exponent) {
    Map<String, Integer> raised = new TreeMap<>();
    powers.forEach((base, power) -> raised.put(base, power * exponent));
    return new Unit(raised, factor.pow(exponent), BigFraction.ZERO);
  }

  Unit times(Unit other) {
    Map<String, Integer> product = new TreeMap<>(powers);
    other.powers.forEach((base, power) -> product.merge(base, power, Integer::sum));
    product.values().removeIf(power -> power == 0);
    return new Unit(product, factor.multiply(other.factor), zero.add(other.zero));
  }

  /** Whether values in both units can be compared: "square units" may be square centimeters. */
  boolean measuresTheSameAs(Unit other) {
    return powers.equals(other.powers) || isUnnamed(other) || other.isUnnamed(this);
  }

  private boolean isUnnamed(Unit named) {
    Integer power = powers.get(UNNAMED_LENGTH);
    return powers.size() == 1 && power != null && named.powers.equals(Map.of(Units.LENGTH, power));
  }

  /** Whether only the number in front of this unit counts, whatever the other unit's size. */
  boolean isUnnamedLength() {
    return powers.size() == 1 && powers.containsKey(UNNAMED_LENGTH);
  }
}
