package org.treepo4j.rl.tasks;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reach a number with three others: {@code 3,5,7>22:}, answered by trying, {@code
 * 3+5=8*7=56;3*5=15+7=22;\boxed{3*5+7}}. Each number may be used once, with + - and *.
 *
 * <p>Its demonstrations know two strategies. The patient one works out one try after the other
 * until the target is met, but sometimes slips or gives up; the hasty one boxes the first
 * expression that comes to mind. So a base model trained on them has something to learn from
 * rewards alone: to go on trying, and not to slip.
 */
public final class Countdown implements SyntheticTask {
  private static final int MAX_NUMBER = 9;
  private static final int MAX_TARGET = 99;
  private static final int MAX_TRIES = 6;
  private static final int MAX_DRAWS = 100_000;
  private static final double HASTY_SHARE = 0.5;
  private static final double HASTY_RIGHT = 0.15;
  private static final double SLIP = 0.04;
  private static final double HINDSIGHT = 0.45;
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

    String worked(int shownPartial, int shownValue) {
      return "" + a + first + b + "=" + shownPartial + second + c + "=" + shownValue + ";";
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

  /** Three numbers of 1..9 and a target of 1..99 that they reach. */
  @Override
  public Problem problem(SplittableRandom random) {
    while (true) {
      int[] numbers = new int[3];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = random.nextInt(1, MAX_NUMBER + 1);
      }
      int target = randomTry(numbers, random).value();
      if (target >= 1 && target <= MAX_TARGET) {
        String given = numbers[0] + "," + numbers[1] + "," + numbers[2];
        return new Problem(
            given + ">" + target + ":", "{\"target\":" + target + ",\"numbers\":[" + given + "]}");
      }
    }
  }

  @Override
  public String demonstration(Problem problem, SplittableRandom random) {
    List<Integer> given = new ArrayList<>();
    Matcher matcher = NUMBER.matcher(problem.prompt());
    while (matcher.find()) {
      given.add(Integer.valueOf(matcher.group()));
    }
    int[] numbers = {given.get(0), given.get(1), given.get(2)};
    int target = given.get(3);
    if (random.nextDouble() < HASTY_SHARE) {
      boolean right = random.nextDouble() < HASTY_RIGHT;
      return boxed(right ? solution(numbers, target, random) : randomTry(numbers, random));
    }
    StringBuilder text = new StringBuilder();
    Try last = null;
    for (int i = 0; i < MAX_TRIES; i++) {
      boolean known = random.nextDouble() < HINDSIGHT;
      last = known ? solution(numbers, target, random) : randomTry(numbers, random);
      int partial = slipped(last.partial(), random);
      int value = slipped(apply(partial, last.second, last.c), random);
      text.append(last.worked(partial, value));
      if (value == target) {
        break;
      }
    }
    return text.append(boxed(last)).toString();
  }

  private static Try randomTry(int[] numbers, SplittableRandom random) {
    int a = random.nextInt(3);
    int b = (a + random.nextInt(1, 3)) % 3;
    int c = 3 - a - b;
    return new Try(
        numbers[a],
        OPERATIONS.charAt(random.nextInt(3)),
        numbers[b],
        OPERATIONS.charAt(random.nextInt(3)),
        numbers[c]);
  }

  private static Try solution(int[] numbers, int target, SplittableRandom random) {
    for (int i = 0; i < MAX_DRAWS; i++) {
      Try candidate = randomTry(numbers, random);
      if (candidate.value() == target) {
        return candidate;
      }
    }
    throw new IllegalArgumentException("problem must have a solution, was " + target);
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
