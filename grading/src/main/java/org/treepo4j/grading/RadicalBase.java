package org.treepo4j.grading;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.apache.commons.math3.fraction.BigFraction;
import org.treepo4j.grading.Budget.LimitException;
import org.treepo4j.grading.Evaluator.UndefinedException;

/**
 * The numbers under all roots of one comparison, split by greatest common divisors into coprime
 * atoms without perfect powers; no number has to be factored. Whoever computed with an atom that
 * was split later computes again ({@link #refinements} tells).
 */
final class RadicalBase {
  private static final int MAX_ATOMS = 64;
  private static final int[] PRIMES = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31};

  private final List<BigInteger> atoms = new ArrayList<>();
  private final Budget budget;
  private final boolean real;
  private int refinements;

  /**
   * @param real whether square roots of negative numbers are undefined, as for variables outside
   *     the domain of a real expression
   */
  RadicalBase(Budget budget, boolean real) {
    this.budget = budget;
    this.real = real;
  }

  /** How often an atom was split so far. */
  int refinements() {
    return refinements;
  }

  /** The real root of a rational number, or the principal one of a negative number for degree 2. */
  Surd root(BigFraction value, int degree) {
    if (value.equals(BigFraction.ZERO)) {
      return Surd.ZERO;
    }
    Surd sign = Surd.of(BigFraction.ONE);
    if (value.compareTo(BigFraction.ZERO) < 0) {
      if (degree % 2 == 0 && real) {
        throw new UndefinedException();
      }
      if (degree % 2 == 0 && degree != 2) {
        throw new NotUnderstoodException("even root of a negative number");
      }
      sign = degree == 2 ? Surd.I : Surd.of(BigFraction.MINUS_ONE);
    }
    BigFraction size = value.abs();
    Surd top = root(size.getNumerator(), degree);
    Surd bottom = root(size.getDenominator(), degree).inverse(budget);
    return sign.times(top, budget).times(bottom, budget);
  }

  private Surd root(BigInteger value, int degree) {
    insert(value);
    BigInteger rest = value;
    Surd root = Surd.of(BigFraction.ONE);
    for (BigInteger atom : atoms) {
      int power = 0;
      while (rest.bitLength() >= atom.bitLength()) {
        budget.spendBits(rest.bitLength());
        BigInteger[] division = rest.divideAndRemainder(atom);
        if (division[1].signum() != 0) {
          break;
        }
        rest = division[0];
        power++;
      }
      if (power > 0) {
        root = root.times(rootOfPower(atom, power, degree), budget);
      }
    }
    return root;
  }

  private Surd rootOfPower(BigInteger atom, int power, int degree) {
    BigFraction whole = new BigFraction(1);
    if (power >= degree) {
      budget.spendBits((long) atom.bitLength() * (power / degree));
      whole = new BigFraction(atom.pow(power / degree));
    }
    int rest = power % degree;
    Radical radical = rest == 0 ? Radical.ONE : Radical.of(atom, new BigFraction(rest, degree));
    return Surd.of(new Surd.Term(radical, whole));
  }

  /** Makes the value a product of atoms. */
  void insert(BigInteger value) {
    Deque<BigInteger> open = new ArrayDeque<>(List.of(value));
    while (!open.isEmpty()) {
      BigInteger next = withoutPerfectPower(open.pop());
      boolean settled = next.equals(BigInteger.ONE);
      for (int i = 0; i < atoms.size() && !settled; i++) {
        BigInteger atom = atoms.get(i);
        budget.spendBits((long) next.bitLength() + atom.bitLength());
        BigInteger common = next.gcd(atom);
        if (common.equals(BigInteger.ONE)) {
          continue;
        }
        settled = true;
        if (!common.equals(atom)) {
          atoms.remove(i);
          refinements++;
          open.push(atom.divide(common));
          open.push(common);
        }
        open.push(next.divide(common));
      }
      if (!settled) {
        if (atoms.size() == MAX_ATOMS) {
          throw new LimitException();
        }
        atoms.add(next);
      }
    }
  }

  /** The powers of the atoms in a number, by atom; inserts it first. */
  List<Surd.Term> factors(BigInteger value) {
    insert(value);
    List<Surd.Term> factors = new ArrayList<>();
    BigInteger rest = value;
    for (BigInteger atom : atoms) {
      int power = 0;
      budget.spendBits((long) rest.bitLength() + atom.bitLength());
      while (rest.mod(atom).signum() == 0) {
        budget.spendBits(rest.bitLength());
        rest = rest.divide(atom);
        power++;
      }
      if (power > 0) {
        factors.add(new Surd.Term(Radical.of(atom, BigFraction.ONE), new BigFraction(power)));
      }
    }
    return factors;
  }

  private BigInteger withoutPerfectPower(BigInteger value) {
    BigInteger base = value;
    for (int prime : PRIMES) {
      while (base.bitLength() > prime) {
        BigInteger root = integerRoot(base, prime);
        if (!root.pow(prime).equals(base)) {
          break;
        }
        base = root;
      }
    }
    return base;
  }

  /** The largest whole number whose power is not above the value, by Newton's method. */
  private BigInteger integerRoot(BigInteger value, int degree) {
    budget.spendBits(value.bitLength());
    if (degree == 2) {
      return value.sqrt();
    }
    BigInteger n = BigInteger.valueOf(degree);
    BigInteger guess = BigInteger.ONE.shiftLeft(value.bitLength() / degree + 1);
    while (true) {
      budget.spendBits(value.bitLength());
      BigInteger next =
          guess
              .multiply(n.subtract(BigInteger.ONE))
              .add(value.divide(guess.pow(degree - 1)))
              .divide(n);
      if (next.compareTo(guess) >= 0) {
        return guess;
      }
      guess = next;
    }
  }
}
