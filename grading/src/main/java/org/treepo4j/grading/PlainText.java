package org.treepo4j.grading;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Answers that are words or the letter of a choice. */
final class PlainText {
  private static final String[] WRAPPERS = {
    "\\textnormal", "\\textbf", "\\textrm", "\\textit", "\\mathrm", "\\mathbf", "\\mbox", "\\text"
  };

  private static final List<String> NUMBERS =
      List.of(
          ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
                  + " fifteen sixteen seventeen eighteen nineteen twenty")
              .split(" "));

  private PlainText() {}

  static boolean sameWords(String a, String b) {
    String left = letters(a);
    return !left.isEmpty() && left.equals(letters(b));
  }

  private static String letters(String text) {
    StringBuilder kept = new StringBuilder();
    for (char c : text.toLowerCase(Locale.ROOT).toCharArray()) {
      if (Character.isLetterOrDigit(c)) {
        kept.append(c);
      } else if (!kept.isEmpty() && kept.charAt(kept.length() - 1) != ' ' && c != '\'') {
        kept.append(' ');
      }
    }
    return kept.toString().strip();
  }

  /** The words of an answer that holds nothing but words, without LaTeX around them. */
  static Optional<String> words(String answer) {
    String plain = answer;
    for (String wrapper : WRAPPERS) {
      plain = plain.replace(wrapper + "{", "{");
    }
    plain = plain.replace("\\ ", " ").replace("~", " ").strip();
    int letters = 0;
    for (char c : plain.toCharArray()) {
      boolean fits = Character.isLetter(c) || " {}$.'-!".indexOf(c) >= 0;
      if (!fits) {
        return Optional.empty();
      }
      letters += Character.isLetter(c) ? 1 : 0;
    }
    boolean formula = letters == 1 && (plain.indexOf('!') >= 0 || plain.indexOf('\'') >= 0);
    return letters > 0 && !formula
        ? Optional.of(plain.replaceAll("[{}$.!]", "").strip())
        : Optional.empty();
  }

  /** The digits of an answer that is a number up to twenty as a word, and nothing else. */
  static Optional<String> number(String answer) {
    return words(answer)
        .map(text -> NUMBERS.indexOf(text.toLowerCase(Locale.ROOT)))
        .filter(number -> number >= 0)
        .map(String::valueOf);
  }

  /** Whether an answer is an order of points or people, ACB, which is no product. */
  static boolean isOrder(String answer) {
    return words(answer).filter(text -> text.matches("[A-Z]{3,}")).isPresent();
  }

  /** The letter of a choice: E, (E), E., (E) 12, \textbf{(E)} 12. */
  static Optional<String> choice(String answer) {
    String plain = answer;
    for (String wrapper : WRAPPERS) {
      plain = plain.replace(wrapper, "");
    }
    plain = plain.replaceAll("[{}$*\\s~\\\\]", " ").strip();
    boolean bracket = plain.startsWith("(");
    int at = bracket ? 1 : 0;
    while (at < plain.length() && plain.charAt(at) == ' ') {
      at++;
    }
    if (at >= plain.length() || plain.charAt(at) < 'A' || plain.charAt(at) > 'Z') {
      return Optional.empty();
    }
    String letter = plain.substring(at, at + 1);
    String rest = plain.substring(at + 1).strip();
    boolean closed =
        bracket ? rest.startsWith(")") : rest.isEmpty() || ").:".indexOf(rest.charAt(0)) >= 0;
    return closed ? Optional.of(letter) : Optional.empty();
  }

  /** Whether an answer is the letter of a choice and nothing else. */
  static boolean isChoice(String answer) {
    return choice(answer).isPresent()
        && answer.chars().noneMatch(Character::isDigit)
        && words(answer.replace("(", "").replace(")", "")).filter(w -> w.length() == 1).isPresent();
  }
}
