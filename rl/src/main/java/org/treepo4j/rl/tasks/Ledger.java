package org.treepo4j.rl.tasks;

import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A column of eight bookings after a balance: {@code 12+31+25+27-19+48-36+18-29=}. A response books
 * one after the other, and may do so in a long way, digit by digit, or in a short one:
 *
 * <pre>{@code
 * 12+31:2+1=3,1+3+0=4>43;     long: units with their carry, tens, balance
 * 68+27>95;                   short
 * }</pre>
 *
 * <p>Only the last balance counts, so a response that slips once is as wrong as one that slips
 * everywhere. The first three bookings carry nothing and are always written in the long way;
 * responses part in the last five, each of which carries or borrows. There the demonstrations slip
 * in every fourth booking of the short way and in few of the long one, and prefer the short way. So
 * a base model trained on them has five decisions to get right from one reward at the end, behind a
 * hundred tokens and more.
 */
public final class Ledger implements SyntheticTask {
  private static final int EASY = 3;
  private static final int HARD = 5;
  private static final int LIMIT = 100;
  private static final int MIN_AMOUNT = 10;
  private static final int MAX_AMOUNT = 60;
  private static final double SHORT_SHARE = 0.6;
  private static final double SHORT_SLIP = 0.25;
  private static final double LONG_SLIP = 0.01;
  private static final Pattern NUMBER = Pattern.compile("([+-]?)(\\d\\d)");

  /** One booking on a balance of two digits. */
  private record Booking(int balance, boolean minus, int amount) {

    int result() {
      return minus ? balance - amount : balance + amount;
    }

    /** Whether the units carry into the tens, or borrow from them. */
    boolean carries() {
      int units = balance % 10;
      return minus ? units < amount % 10 : units + amount % 10 > 9;
    }

    boolean fits() {
      return result() >= 10 && result() < LIMIT;
    }

    /** The long way with this outcome, whose units are those of the outcome. */
    String written(int outcome) {
      char sign = minus ? '-' : '+';
      int carry = carries() ? 1 : 0;
      int units = balance % 10 + (minus ? 10 * carry : 0);
      int tens = balance / 10;
      return "%02d%c%02d:%d%c%d=%d,%d%c%d%c%d=%d>%02d;"
          .formatted(
              balance,
              sign,
              amount,
              units,
              sign,
              amount % 10,
              minus ? outcome % 10 : outcome % 10 + 10 * carry,
              tens,
              sign,
              amount / 10,
              sign,
              carry,
              outcome / 10,
              outcome);
    }

    String shortly(int outcome) {
      return "%02d%c%02d>%02d;".formatted(balance, minus ? '-' : '+', amount, outcome);
    }
  }

  @Override
  public String name() {
    return "ledger";
  }

  /** Balances of 10..99 throughout; three bookings that carry nothing, then five that do. */
  @Override
  public Problem problem(SplittableRandom random) {
    while (true) {
      int balance = random.nextInt(10, LIMIT);
      StringBuilder prompt = new StringBuilder().append(balance);
      int booked = 0;
      for (; booked < EASY + HARD; booked++) {
        List<Booking> possible = possible(balance, booked >= EASY);
        if (possible.isEmpty()) {
          break; // nothing carries at 89, for instance
        }
        Booking booking = possible.get(random.nextInt(possible.size()));
        balance = booking.result();
        prompt.append(booking.minus() ? '-' : '+').append(booking.amount());
      }
      if (booked == EASY + HARD) {
        return new Problem(prompt.append('=').toString(), Integer.toString(balance));
      }
    }
  }

  private static List<Booking> possible(int balance, boolean carries) {
    return IntStream.range(MIN_AMOUNT, MAX_AMOUNT)
        .boxed()
        .flatMap(
            amount ->
                Stream.of(new Booking(balance, false, amount), new Booking(balance, true, amount)))
        .filter(booking -> booking.fits() && booking.carries() == carries)
        .toList();
  }

  @Override
  public String demonstration(Problem problem, SplittableRandom random) {
    Matcher numbers = NUMBER.matcher(problem.prompt());
    numbers.find();
    int balance = Integer.parseInt(numbers.group(2));
    StringBuilder text = new StringBuilder();
    for (int i = 0; numbers.find(); i++) {
      Booking booking =
          new Booking(balance, numbers.group(1).equals("-"), Integer.parseInt(numbers.group(2)));
      boolean shortly = i >= EASY && random.nextDouble() < SHORT_SHARE;
      boolean slips = random.nextDouble() < (shortly ? SHORT_SLIP : LONG_SLIP);
      balance = slips ? slipped(booking.result(), random) : inRange(booking.result());
      text.append(shortly ? booking.shortly(balance) : booking.written(balance));
    }
    return text.append("\\boxed{").append(balance).append('}').toString();
  }

  /** A forgotten carry, or off by one; still two digits. */
  private static int slipped(int value, SplittableRandom random) {
    List<Integer> slips = List.of(-10, -1, 1, 10);
    return inRange(value + slips.get(random.nextInt(slips.size())));
  }

  /** A balance that an earlier slip has led out of two digits goes on inside them. */
  private static int inRange(int value) {
    return Math.floorMod(value, LIMIT);
  }
}
