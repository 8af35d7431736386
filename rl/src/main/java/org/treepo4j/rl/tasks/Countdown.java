package org.treepo4j.rl.tasks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.regex.Pattern;

/**
 * Reach a number with three others: {@code 3,5,7>08:}, answered by trying, {@code
 * 3+7=10*5=50-08=42;3*5=15-7=08-08=00;\boxed{3*5-7}}. Each number may be used once, with + - and *.
 *
 * <p>Its demonstrations know two strategies. The patient one works out one try after the other
 * until the target is met, but sometimes slips, and sometimes gives up; the hasty one boxes the
 * first expression that comes to mind. So a base model trained on them has something to learn from
 * rewards alone: to go on trying, to try what is promising, and not to slip.
 */
public final class Countdown implements SyntheticTask {
  private static final int NUMBERS = 3;
  private static final int MAX_NUMBER = 9;
  private static final int MAX_VALUE = 99;
  private static final int MAX_TRIES = 6;
  private static final double HASTY_SHARE = 0.4;
  private static final double HASTY_RIGHT = 0.15;
  private static final double SLIP = 0.04;
  private static final double GIVES_UP = 0.25;
  private static final double HINDSIGHT = 0.4;
  private static final String OPERATIONS = "+-*";
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  /** (a ∘ b) • c. */
  private record Try(int a, char first, int b, char second, int c) {
    int partial() {
      return apply(a, first, b);
    }

    int value() {
      return apply(partial(), second, c);
    }

    /** What one can work out with two digits. */
    boolean isSmall() {
      return partial() >= 0 && partial() <= MAX_VALUE && value() >= 0 && value() <= MAX_VALUE;
    }

    /** The try worked out, and how far from the target it is. */
    String worked(int shownPartial, int shownValue, int target) {
      int off = shownValue - target;
      return String.format(
          Locale.ROOT,
          "%d%c%d=%d%c%d=%02d-%02d=%s%02d;",
          a,
          first,
          b,
          shownPartial,
          second,
          c,
          shownValue,
          target,
          off < 0 ? "-" : "",
          Math.abs(off));
    }

    String expression() {
      String inner = "" + a + first + b;
      boolean brackets = second == '*' && first != '*';
      return (brackets ? "(" + inner + ")" : inner) + second + c;
    }
  }

  @Override
  public String name() {
    return "countdown";
  }

  /** Three numbers of 1..9, ascending, and a target of 1..99 that they reach. */
  @Override
  public Problem problem(SplittableRandom random) {
    while (true) {
      int[] numbers = random.ints(NUMBERS, 1, MAX_NUMBER + 1).sorted().toArray();
      List<Try> tries = tries(numbers);
      int target = anyOf(tries, random).value();
      if (target > 0) {
        String given = numbers[0] + "," + numbers[1] + "," + numbers[2];
        return new Problem(
            given + ">" + String.format(Locale.ROOT, "%02d", target) + ":",
            "{\"target\":" + target + ",\"numbers\":[" + given + "]}");
      }
    }
  }

  @Override
  public String demonstration(Problem problem, SplittableRandom random) {
    int[] given =
        NUMBER
            .matcher(problem.prompt())
            .results()
            .mapToInt(found -> Integer.parseInt(found.group()))
            .toArray();
    int target = given[NUMBERS];
    List<Try> tries = tries(Arrays.copyOf(given, NUMBERS));
    List<Try> solutions = tries.stream().filter(one -> one.value() == target).toList();
    if (random.nextDouble() < HASTY_SHARE) {
      boolean right = random.nextDouble() < HASTY_RIGHT;
      return boxed(anyOf(right ? solutions : tries, random));
    }
    StringBuilder text = new StringBuilder();
    for (int left = MAX_TRIES - 1; ; left--) {
      boolean known = random.nextDouble() < HINDSIGHT;
      Try next = anyOf(known ? solutions : tries, random);
      int partial = slipped(next.partial(), random);
      int value = slipped(apply(partial, next.second, next.c), random);
      text.append(next.worked(partial, value, target));
      if (value == target || left == 0 || random.nextDouble() < GIVES_UP) {
        return text.append(boxed(next)).toString();
      }
    }
  }

  /** All that can be tried with the numbers, in every order. */
  private static List<Try> tries(int[] numbers) {
    List<Try> tries = new ArrayList<>();
    for (int a = 0; a < NUMBERS; a++) {
      for (int b = 0; b < NUMBERS; b++) {
        if (a != b) {
          for (char first : OPERATIONS.toCharArray()) {
            for (char second : OPERATIONS.toCharArray()) {
              tries.add(new Try(numbers[a], first, numbers[b], second, numbers[NUMBERS - a - b]));
            }
          }
        }
      }
    }
    return tries.stream().filter(Try::isSmall).toList();
  }

  private static Try anyOf(List<Try> tries, SplittableRandom random) {
    return tries.get(random.nextInt(tries.size()));
  }

  private static int slipped(int value, SplittableRandom random) {
    int[] slips = {-10, -1, 1, 10};
    return random.nextDouble() < SLIP ? value + slips[random.nextInt(slips.length)] : value;
  }

  private static int apply(int left, char operation, int right) {
    return switch (operation) {
      case '+' -> left + right;
      case '-' -> left - right;
      default -> left * right;
    };
  }

  private static String boxed(Try chosen) {
    return "\\boxed{" + chosen.expression() + "}";
  }
}
