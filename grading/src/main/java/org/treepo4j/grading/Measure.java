package org.treepo4j.grading;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.math3.fraction.BigFraction;

/**
 * What the words beside a number say it is a measure of.
 *
 * @param unit its unit; {@link Unit#ONE} where none is named
 * @param scale what words such as "million" and "dozen" multiply it by
 * @param mark "%", "°" or "" where such a word stands for the sign
 * @param details words that describe what is counted, "red" of "red balls"
 * @param remarks what changes the meaning: "or more", "north", "ago"
 */
record Measure(
    Unit unit, BigFraction scale, String mark, List<String> details, Set<String> remarks) {
  static final Measure NONE = new Measure(Unit.ONE, BigFraction.ONE, "", List.of(), Set.of());

  Measure {
    details = List.copyOf(details);
    remarks = Set.copyOf(remarks);
  }

  /**
   * Whether both may be the same quantity, their values aside. A missing unit fits any; another
   * one, another remark and other details do not.
   */
  boolean fits(Measure other) {
    boolean sameThings =
        details.containsAll(other.details)
            || other.details.containsAll(details)
            || details.isEmpty()
            || other.details.isEmpty();
    return remarks.equals(other.remarks)
        && sameThings
        && (unit.isOne() || other.unit.isOne() || unit.measuresTheSameAs(other.unit));
  }

  /** Whether the sizes of both units count in a comparison. */
  boolean convertsTo(Measure other) {
    return !unit.isOne()
        && !other.unit.isOne()
        && !unit.isUnnamedLength()
        && !other.unit.isUnnamedLength();
  }

  /** Whether this only qualifies a value that follows: "about", "at least". */
  boolean isOnlyRemarks() {
    return unit.isOne() && scale.equals(BigFraction.ONE) && mark.isEmpty() && details.isEmpty();
  }

  /** Whether this names a unit and nothing else. */
  boolean isOnlyUnit() {
    return !unit.isOne()
        && scale.equals(BigFraction.ONE)
        && mark.isEmpty()
        && details.isEmpty()
        && remarks.isEmpty();
  }

  /** Whether this names a currency and nothing else. */
  boolean isMoney() {
    return Units.isCurrency(unit) && new Measure(unit, scale, mark, details, Set.of()).isOnlyUnit();
  }

  Measure withoutScale() {
    return new Measure(unit, BigFraction.ONE, "", details, remarks);
  }

  /** Words before the value together with those behind it. */
  Measure with(Measure before) {
    Set<String> both = new TreeSet<>(remarks);
    both.addAll(before.remarks);
    return new Measure(unit.times(before.unit), scale, mark, details, both);
  }
}
