package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.treepo4j.grading.Budget.LimitException;

/**
 * Compares the final answer of a solution with the reference answer, exactly. Thread-safe.
 *
 * <p>Work is bounded by sizes and counted steps, never by a clock: the same pair always gets the
 * same grade.
 */
public final class AnswerGrader {
  private static final int MAX_SOLUTION = 1 << 18;
  private static final int MAX_ANSWER = 4096;

  /** "1,22" and "0,111", perhaps with a unit: no thousands and hardly a list. */
  private static final Pattern DECIMAL_COMMA =
      Pattern.compile(
          "([^\\d,]{0,20}(?:\\d+(?=,(?:\\d{2}|\\d{4,})(?!\\d))|0(?=,\\d{2}))),(\\d+[^\\d,]*)");

  /** "1.234,56", whose point can only separate thousands. */
  private static final Pattern THOUSANDS_POINTS =
      Pattern.compile("[^\\d,.]{0,20}\\d{1,3}(?:\\.\\d{3})+,\\d+[^\\d,.]*");

  private static final Pattern LABEL =
      Pattern.compile("^\\\\text(bf)?\\s*\\{\\s*\\(([A-J])\\)\\s*}");

  private static final String UNIT_LETTERS = "msghL";

  private final Extraction extraction;
  private final boolean rounded;
  private final boolean workedOut;

  public AnswerGrader() {
    this(GradingSettings.defaults());
  }

  public AnswerGrader(GradingSettings settings) {
    this(
        new Extraction(settings.extraction(), settings.unfinishedThoughts()),
        settings.roundedDecimals(),
        settings.workedOut());
  }

  AnswerGrader(Extraction extraction, boolean rounded, boolean workedOut) {
    this.extraction = Objects.requireNonNull(extraction, "extraction");
    this.rounded = rounded;
    this.workedOut = workedOut;
  }

  /**
   * Grades a prediction; never runs long.
   *
   * @param prediction a whole solution or a bare answer
   * @param answer the reference: a bare answer or a solution that ends in a box or behind ####
   * @throws GradingException for a fault in the grader itself; the answer is not known to be wrong
   */
  public Grade grade(String prediction, String answer) {
    if (prediction == null || answer == null) {
      return new Grade(false, Optional.empty(), false);
    }
    if (prediction.length() > MAX_SOLUTION || answer.length() > MAX_SOLUTION) {
      return new Grade(false, Optional.empty(), true);
    }
    Optional<String> extracted = Optional.empty();
    try {
      extracted = extraction.fromSolution(prediction);
      Optional<String> reference = extraction.fromReference(answer);
      boolean correct =
          extracted.isPresent()
              && reference.isPresent()
              && (!workedOut || PlainNumber.isWorkedOut(extracted.get(), reference.get()))
              && equal(extracted.get(), reference.get());
      return correct || reference.isEmpty()
          ? new Grade(correct, extracted, false)
          : gradeWhole(prediction, reference.get(), extracted);
    } catch (LimitException e) {
      return new Grade(false, extracted, true);
    } catch (RuntimeException | StackOverflowError e) {
      throw new GradingException(prediction, answer, e);
    }
  }

  /** The answer in a reference solution: its last box, what is behind ####, or all of it. */
  public Optional<String> reference(String solution) {
    return solution.length() > MAX_SOLUTION ? Optional.empty() : extraction.fromReference(solution);
  }

  /**
   * Whether two bare answers are the same; false where that takes too long to find out.
   *
   * @throws GradingException for a fault in the grader itself
   */
  public boolean same(String answer, String other) {
    try {
      return equal(answer, other);
    } catch (LimitException e) {
      return false;
    } catch (RuntimeException | StackOverflowError e) {
      throw new GradingException(answer, other, e);
    }
  }

  /** Whatever was extracted: a text that is the reference, word for word, is right. */
  private static Grade gradeWhole(String text, String reference, Optional<String> extracted) {
    if (text.length() > MAX_ANSWER || text.length() > 3 * reference.length() + 10) {
      return new Grade(false, extracted, false);
    }
    Budget budget = new Budget();
    boolean same =
        sameTokens(LatexLexer.tokens(text, budget), LatexLexer.tokens(reference, budget));
    return new Grade(same, same ? Optional.of(text.strip()) : extracted, false);
  }

  private boolean equal(String a, String b) {
    if (a.equals(b)) {
      return true;
    }
    Optional<String> number = PlainNumber.canonical(a);
    if (number.isPresent()) {
      Optional<String> other = PlainNumber.canonical(b);
      if (other.isPresent()) {
        return number.equals(other);
      }
    }
    if (a.length() > MAX_ANSWER || b.length() > MAX_ANSWER) {
      throw new LimitException();
    }
    return equalAsText(a, b)
        || ClockTime.same(a, b)
        || (!areOtherNames(a, b) && equalAsMathematics(a, b));
  }

  /** Whether two answers are names or labels of choices, and not the same. */
  private static boolean areOtherNames(String a, String b) {
    Matcher left = LABEL.matcher(a);
    Matcher right = LABEL.matcher(b);
    if (left.find() && right.find()) {
      return !left.group(2).equals(right.group(2));
    }
    return PlainText.isOrder(a) && PlainText.isOrder(b);
  }

  private static boolean equalAsText(String a, String b) {
    if (PlainText.isChoice(a) || PlainText.isChoice(b)) {
      return PlainText.choice(a).isPresent() && PlainText.choice(a).equals(PlainText.choice(b));
    }
    Optional<String> words = PlainText.words(a);
    Optional<String> others = PlainText.words(b);
    boolean oneLetter = words.filter(w -> w.length() == 1).isPresent();
    return words.isPresent()
        && others.isPresent()
        && (oneLetter ? words.equals(others) : PlainText.sameWords(words.get(), others.get()));
  }

  private boolean equalAsMathematics(String a, String b) {
    Budget budget = new Budget();
    List<Token> left = LatexLexer.tokens(a, budget);
    List<Token> right = LatexLexer.tokens(b, budget);
    if (sameTokens(left, right)) {
      return true;
    }
    Equivalence equivalence = new Equivalence(budget, rounded);
    List<Answer> readings = readings(b, right, budget);
    for (Answer x : readings(a, left, budget)) {
      Predicate<Answer> equal = y -> equivalence.equal(x, y);
      if (readings.stream().anyMatch(equal)) {
        return true;
      }
    }
    return false;
  }

  private static boolean sameTokens(List<Token> a, List<Token> b) {
    if (a.isEmpty() || a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (a.get(i).kind() != b.get(i).kind() || !a.get(i).text().equals(b.get(i).text())) {
        return false;
      }
    }
    return true;
  }

  /** What an answer can mean: usually one thing, or nothing where it is not understood. */
  private static List<Answer> readings(String answer, List<Token> tokens, Budget budget) {
    List<Answer> readings = new ArrayList<>();
    read(tokens, budget).ifPresent(readings::add);
    Matcher comma = DECIMAL_COMMA.matcher(answer);
    Optional<String> decimal = Optional.empty();
    if (comma.matches()) {
      decimal = Optional.of(comma.group(1) + "." + comma.group(2));
    } else if (THOUSANDS_POINTS.matcher(answer).matches()) {
      decimal = Optional.of(answer.replace(".", "").replace(',', '.'));
    }
    decimal
        .flatMap(text -> read(LatexLexer.tokens(text, budget), budget))
        .filter(Answer.Scalar.class::isInstance)
        .ifPresent(readings::add);
    PlainText.number(answer)
        .flatMap(number -> read(LatexLexer.tokens(number, budget), budget))
        .ifPresent(readings::add);
    List<Token> turned = OutwardBrackets.turned(tokens);
    if (!turned.equals(tokens)) {
      read(turned, budget).ifPresent(readings::add);
    }
    List<Token> measured = withUnitLetters(tokens);
    if (!measured.equals(tokens)) {
      read(measured, budget).ifPresent(readings::add);
    }
    if (LABEL.matcher(answer).find()) {
      String content = LABEL.matcher(answer).replaceFirst("");
      read(LatexLexer.tokens(content, budget), budget).ifPresent(readings::add);
    }
    return readings;
  }

  /** "5 m" and "5 m/s" with the letters as units; they may also be variables. */
  private static List<Token> withUnitLetters(List<Token> tokens) {
    List<Token> measured = new ArrayList<>(tokens);
    for (int i = 1; i < measured.size(); i++) {
      Token token = measured.get(i);
      Token before = measured.get(i - 1);
      boolean unit =
          (token.spaced() && before.kind() == Token.Kind.NUMBER)
              || (before.is("/") && i > 1 && measured.get(i - 2).kind() == Token.Kind.TEXT);
      if (unit && token.kind() == Token.Kind.SYMBOL && UNIT_LETTERS.contains(token.text())) {
        measured.set(i, new Token(Token.Kind.TEXT, token.text(), true));
      }
    }
    return measured;
  }

  private static Optional<Answer> read(List<Token> tokens, Budget budget) {
    int depth = budget.depth();
    try {
      return Optional.of(AnswerParser.parse(tokens, budget));
    } catch (NotUnderstoodException e) {
      budget.returnTo(depth);
      return Optional.empty();
    }
  }
}
