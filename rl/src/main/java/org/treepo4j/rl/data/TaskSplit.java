package org.treepo4j.rl.data;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;

/**
 * Tasks to learn from and tasks to be measured on, no question in both.
 *
 * <p>Questions that differ in case, spacing or punctuation only are one: the first stays. Without
 * this, parts of one collection share questions, and a model is measured on what it has learned.
 *
 * @param train in an order that follows from the seed
 * @param heldOut likewise
 * @param duplicates tasks left out since their question was there before
 * @param contradictions those among the duplicates whose answer is another
 * @param unfit tasks left out by the limit on numbers
 */
public record TaskSplit(
    List<Task> train, List<Task> heldOut, int duplicates, int contradictions, int unfit) {
  private static final Pattern NUMBER = Pattern.compile("\\d+(?:,\\d{3})*(?:\\.\\d+)?");
  private static final Pattern UNHEARD = Pattern.compile("[^\\p{L}\\p{N}+*/=<>^-]+");

  /**
   * Splits tasks.
   *
   * @param heldOut how many to hold out
   * @param largestNumber only tasks whose question and answer have whole numbers of at most this;
   *     null keeps all
   * @param seed of the order
   * @throws IllegalArgumentException if no task is left to learn from
   */
  public static TaskSplit of(List<Task> tasks, int heldOut, Integer largestNumber, long seed) {
    Map<String, Task> unique = new LinkedHashMap<>();
    int contradictions = 0;
    for (Task task : tasks) {
      Task before = unique.putIfAbsent(question(task), task);
      if (before != null && !before.answer().equals(task.answer())) {
        contradictions++;
      }
    }
    List<Task> fit = new ArrayList<>(unique.values());
    if (largestNumber != null) {
      BigDecimal limit = BigDecimal.valueOf(largestNumber);
      fit.removeIf(task -> !isWithin(task.prompt().text() + " " + task.answer(), limit));
    }
    if (fit.size() <= heldOut) {
      throw new IllegalArgumentException(
          "held out must be fewer than the %,d tasks there are, was %,d"
              .formatted(fit.size(), heldOut));
    }
    Collections.shuffle(fit, new Random(seed));
    return new TaskSplit(
        List.copyOf(fit.subList(heldOut, fit.size())),
        List.copyOf(fit.subList(0, heldOut)),
        tasks.size() - unique.size(),
        contradictions,
        unique.size() - fit.size());
  }

  /** What makes two questions the same. Signs that mean something in mathematics count. */
  private static String question(Task task) {
    return UNHEARD.matcher(task.prompt().text().toLowerCase(Locale.ROOT)).replaceAll("");
  }

  private static boolean isWithin(String text, BigDecimal limit) {
    return NUMBER
        .matcher(text)
        .results()
        .map(match -> new BigDecimal(match.group().replace(",", "")))
        .allMatch(
            number -> number.stripTrailingZeros().scale() <= 0 && number.compareTo(limit) <= 0);
  }
}
