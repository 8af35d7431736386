package org.treepo4j.tokenizer;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Characters of a text that a tokenizer has no token for and leaves out of its ids, each once, in
 * the order they come.
 *
 * @param codePoints of Unicode
 */
public record DroppedCharacters(Set<Integer> codePoints) {
  /** No character is lost. */
  public static final DroppedCharacters NONE = new DroppedCharacters(Set.of());

  private static final int MOST_NAMED = 3;

  public DroppedCharacters {
    codePoints = Collections.unmodifiableSet(new LinkedHashSet<>(codePoints));
  }

  public boolean isEmpty() {
    return codePoints.isEmpty();
  }

  /** Whether one of them is among others. */
  public boolean anyOf(DroppedCharacters others) {
    return !Collections.disjoint(codePoints, others.codePoints);
  }

  /** These, and behind them those of another text. */
  public DroppedCharacters and(DroppedCharacters others) {
    Set<Integer> all = new LinkedHashSet<>(codePoints);
    all.addAll(others.codePoints);
    return new DroppedCharacters(all);
  }

  /**
   * One line on texts that hold these.
   *
   * @param texts which and how many, as a subject in the plural
   */
  public String note(String texts) {
    return texts
        + " hold characters that the model's tokenizer has no token for and leaves out: "
        + this;
  }

  /** The first of them as a message names them: {@code 'é' (U+00E9), U+000A and 4 more}. */
  @Override
  public String toString() {
    int more = codePoints.size() - MOST_NAMED;
    return codePoints.stream()
            .limit(MOST_NAMED)
            .map(DroppedCharacters::name)
            .collect(Collectors.joining(", "))
        + (more > 0 ? " and " + more + " more" : "");
  }

  private static String name(int codePoint) {
    String number = "U+%04X".formatted(codePoint);
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.NON_SPACING_MARK,
          Character.PARAGRAPH_SEPARATOR,
          Character.PRIVATE_USE,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          number;
      default -> "'" + Character.toString(codePoint) + "' (" + number + ")";
    };
  }
}
