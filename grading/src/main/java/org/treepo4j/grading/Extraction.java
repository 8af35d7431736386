package org.treepo4j.grading;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.treepo4j.grading.Budget.LimitException;
import org.treepo4j.grading.Formulas.Formula;

/** Finds the final answer in a solution. */
final class Extraction {
  private static final int MAX_BARE = 400;
  private static final int MAX_CHOICE = 60;
  private static final int MAX_WORDS = 5;
  private static final String[] ENDS = {
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "</s>"
  };

  private static final Pattern QUOTES = Pattern.compile("^(\\\\?[\"“”])+|(\\\\?[\"“”])+\\.?$");

  /** "0.33..." and "1, 2, ...": what is left out belongs to the answer. */
  private static final Pattern GOES_ON = Pattern.compile("(\\.\\d+|,)\\s*\\.{3,}$");

  private final List<ExtractionRule> rules;
  private final boolean thoughts;

  /**
   * @param thoughts whether an answer counts that stands in a thought without end
   */
  Extraction(List<ExtractionRule> rules, boolean thoughts) {
    this.rules = rules;
    this.thoughts = thoughts;
  }

  /** The final answer of a solution, as it stands there. */
  Optional<String> fromSolution(String solution) {
    String text = withoutEnds(solution);
    int thought = text.lastIndexOf("</think>");
    if (!thoughts && text.indexOf("<think>", thought + 1) >= 0) {
      return Optional.empty();
    }
    if (thought >= 0) {
      Optional<String> said = first(text.substring(thought + "</think>".length()));
      if (said.isPresent()) {
        return said;
      }
    }
    return first(text);
  }

  /** The answer of a reference, which is a bare answer unless it is boxed or behind hashes. */
  Optional<String> fromReference(String reference) {
    return Boxes.last(reference)
        .or(() -> Phrases.hashes(reference))
        .or(() -> Phrases.signOff(reference).flatMap(Extraction::leading))
        .or(() -> ListedAnswers.in(reference))
        .or(() -> Optional.of(bare(reference)).filter(text -> !text.isEmpty()));
  }

  private Optional<String> first(String text) {
    for (ExtractionRule rule : rules) {
      Optional<String> found = find(rule, text).filter(answer -> !answer.isBlank());
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> find(ExtractionRule rule, String text) {
    return switch (rule) {
      case SIGN_OFF -> Phrases.signOff(text).flatMap(Extraction::leading);
      case BOXED -> Boxes.last(text);
      case HASHES -> Phrases.hashes(text).map(Extraction::bare);
      case ANSWER_TAG -> Phrases.tag(text).flatMap(Extraction::leading);
      case PHRASE -> Phrases.afterPhrase(text).flatMap(Extraction::leading);
      case WHOLE -> whole(text);
      case LAST_FORMULA -> lastFormula(text);
      case LAST_NUMBER -> lastNumber(text);
    };
  }

  /** The answer that a phrase is followed by: what the rest of the sentence starts with. */
  private static Optional<String> leading(String quoted) {
    String rest = QUOTES.matcher(quoted).replaceAll("");
    String number = rest.endsWith(".") ? rest.substring(0, rest.length() - 1) : rest;
    if (PlainNumber.canonical(number).isPresent()) {
      return Optional.of(number);
    }
    List<Formula> formulas = Formulas.in(rest);
    if (!formulas.isEmpty() && formulas.get(0).start() == 0) {
      return Optional.of(listed(rest, formulas));
    }
    int stop = rest.indexOf(". ");
    String sentence = stop < 0 ? rest : rest.substring(0, stop);
    for (String candidate : new String[] {bare(rest), bare(sentence)}) {
      if (isAnswer(candidate)) {
        return Optional.of(candidate);
      }
    }
    return startingNumber(sentence).or(() -> lastFormula(sentence)).or(() -> lastNumber(sentence));
  }

  /** Formulas that follow each other as a list. */
  private static String listed(String text, List<Formula> formulas) {
    StringBuilder listed = new StringBuilder(formulas.get(0).content());
    for (int i = 1; i < formulas.size(); i++) {
      int from = formulas.get(i - 1).end();
      int to = formulas.get(i).start();
      if (!text.substring(from, to).strip().matches("(,|;|and|or|, and|, or)")) {
        break;
      }
      listed.append(Phrases.joint(text, from, to)).append(formulas.get(i).content());
    }
    return listed.toString();
  }

  private static Optional<String> startingNumber(String text) {
    int start = 0;
    while (start < text.length() && "-$\\€£".indexOf(text.charAt(start)) >= 0) {
      start++;
    }
    if (start == text.length() || !Character.isDigit(text.charAt(start))) {
      return Optional.empty();
    }
    int end = start;
    while (end < text.length() && ".,/%".indexOf(text.charAt(end)) >= 0
        || end < text.length() && Character.isDigit(text.charAt(end))) {
      end++;
    }
    String number = text.substring(0, LastNumber.withUnit(text, end));
    String rest = text.substring(number.length());
    boolean ends =
        rest.isEmpty() || rest.startsWith("**") || " \n\t;:)!?\"'$”".indexOf(rest.charAt(0)) >= 0;
    return ends ? Optional.of(bare(number)) : Optional.empty();
  }

  private static Optional<String> lastFormula(String text) {
    List<Formula> formulas = Formulas.in(text);
    if (formulas.isEmpty()) {
      return Optional.empty();
    }
    Formula last = formulas.get(formulas.size() - 1);
    boolean numberFollows = text.chars().skip(last.end()).anyMatch(c -> c >= '0' && c <= '9');
    boolean holdsNumber = last.content().chars().anyMatch(c -> c >= '0' && c <= '9');
    boolean ends = text.substring(last.end()).strip().length() <= 1;
    return !numberFollows && (holdsNumber || ends) && isAnswer(bare(last.content()))
        ? Optional.of(bare(last.content()))
        : Optional.empty();
  }

  private static Optional<String> lastNumber(String text) {
    return LastNumber.in(text).map(found -> text.substring(found.start(), found.end()));
  }

  /** A text that is one formula is taken even where it is not understood. */
  private static Optional<String> whole(String text) {
    String bare = bare(text);
    boolean formula = bare.length() + 2 <= text.strip().length() && isDelimited(text.strip(), bare);
    return Optional.of(bare).filter(answer -> formula || isAnswer(answer));
  }

  private static boolean isDelimited(String text, String content) {
    return !text.startsWith("**") && Formulas.in(text).size() == 1 && !content.contains("\n\n");
  }

  /** Without delimiters of a formula around everything, emphasis and a full stop. */
  private static String bare(String text) {
    String plain = text.strip();
    String before;
    do {
      before = plain;
      plain = plain.startsWith("**") ? plain.substring(2).strip() : plain;
      plain = plain.endsWith("**") ? plain.substring(0, plain.length() - 2).strip() : plain;
      boolean stop = (plain.endsWith(".") && !GOES_ON.matcher(plain).find()) || plain.endsWith(",");
      plain = stop ? plain.substring(0, plain.length() - 1).strip() : plain;
    } while (plain.length() < before.length());
    List<Formula> formulas = plain.length() > MAX_BARE ? List.of() : Formulas.in(plain);
    boolean wrapped =
        formulas.size() == 1
            && formulas.get(0).start() == 0
            && formulas.get(0).end() == plain.length();
    return wrapped ? formulas.get(0).content() : plain;
  }

  /** Whether a text is an answer and nothing else. */
  private static boolean isAnswer(String text) {
    if (text.isEmpty() || text.length() > MAX_BARE || isLines(text)) {
      return false;
    }
    if (PlainText.choice(text).isPresent() && text.length() <= MAX_CHOICE) {
      return true;
    }
    Budget budget = new Budget();
    try {
      Answer answer = AnswerParser.parse(LatexLexer.tokens(text, budget), budget);
      return !(answer instanceof Answer.Words words) || words.text().split(" ").length <= MAX_WORDS;
    } catch (NotUnderstoodException | LimitException e) {
      return false;
    }
  }

  private static boolean isLines(String text) {
    return text.indexOf('\n') >= 0 && !text.contains("\\begin");
  }

  private static String withoutEnds(String solution) {
    int end = solution.length();
    for (String mark : ENDS) {
      int at = solution.indexOf(mark);
      if (at > 0 && !solution.substring(0, at).isBlank()) {
        end = Math.min(end, at);
      }
    }
    return solution.substring(0, end);
  }
}
