package org.treepo4j.rl.tasks;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sums and differences in a row: {@code 7+58-13+9=}, answered step by step as {@code
 * 7+58=65;65-13=52;52+9=61;\boxed{61}}.
 *
 * <p>Its demonstrations know two strategies. The careful one writes every step and slips in some of
 * them, carrying the slip on; the hasty one writes an answer at once that is seldom right. So a
 * base model trained on them has something to learn from rewards alone: to be careful, and not to
 * slip.
 */
public final class ChainSums implements SyntheticTask {
  private static final int MIN_TERMS = 3;
  private static final int MAX_TERMS = 5;
  private static final int MAX_TERM = 59;
  private static final int MAX_SUM = 99;
  private static final double HASTY_SHARE = 0.5;
  private static final double HASTY_RIGHT = 0.3;
  private static final double SLIP = 0.06;
  private static final Pattern PROMPT = Pattern.compile("\\d{1,4}([+-]\\d{1,4}){1,50}=");
  private static final Pattern TERM = Pattern.compile("([+-]?)(\\d+)");

  @Override
  public String name() {
    return "chain-sums";
  }

  /**
   * Three to five terms of 1..59; no partial result exceeds 99, and few fall below 0 (to −18 at the
   * least).
   */
  @Override
  public Problem problem(SplittableRandom random) {
    int terms = random.nextInt(MIN_TERMS, MAX_TERMS + 1);
    int sum = random.nextInt(1, MAX_TERM + 1);
    StringBuilder prompt = new StringBuilder().append(sum);
    for (int i = 1; i < terms; i++) {
      int term = random.nextInt(1, MAX_TERM + 1);
      boolean minus = sum + term > MAX_SUM || sum >= term && random.nextBoolean();
      sum += minus ? -term : term;
      prompt.append(minus ? '-' : '+').append(term);
    }
    return new Problem(prompt.append('=').toString(), Integer.toString(sum));
  }

  @Override
  public String demonstration(Problem problem, SplittableRandom random) {
    List<Integer> terms = signedTerms(problem.prompt());
    if (random.nextDouble() < HASTY_SHARE) {
      int sum = terms.stream().mapToInt(Integer::intValue).sum();
      boolean right = random.nextDouble() < HASTY_RIGHT;
      return boxed(right ? sum : slipped(sum, random));
    }
    StringBuilder text = new StringBuilder();
    int sum = terms.get(0);
    for (int term : terms.subList(1, terms.size())) {
      int next = sum + term;
      if (random.nextDouble() < SLIP) {
        next = slipped(next, random);
      }
      text.append(sum)
          .append(term < 0 ? "" : "+")
          .append(term)
          .append('=')
          .append(next)
          .append(';');
      sum = next;
    }
    return text.append(boxed(sum)).toString();
  }

  /** The answer to a prompt of this task; empty where the text is none. */
  public static Optional<String> answer(String prompt) {
    if (!PROMPT.matcher(prompt).matches()) {
      return Optional.empty();
    }
    return Optional.of(
        Integer.toString(signedTerms(prompt).stream().mapToInt(Integer::intValue).sum()));
  }

  /** Off by one, by ten or by a forgotten carry. */
  private static int slipped(int value, SplittableRandom random) {
    int[] slips = {-11, -10, -9, -2, -1, 1, 2, 9, 10, 11};
    return value + slips[random.nextInt(slips.length)];
  }

  private static List<Integer> signedTerms(String prompt) {
    List<Integer> terms = new ArrayList<>();
    Matcher matcher = TERM.matcher(prompt);
    while (matcher.find()) {
      int term = Integer.parseInt(matcher.group(2));
      terms.add(matcher.group(1).equals("-") ? -term : term);
    }
    return terms;
  }

  private static String boxed(int value) {
    return "\\boxed{" + value + "}";
  }
}
