package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts an answer in LaTeX, Unicode or plain text into tokens in one normal spelling: two answers
 * with the same tokens are the same answer.
 */
final class LatexLexer {
  private static final String SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  private static final String SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
  private static final String VULGAR = "½1/2⅓1/3⅔2/3¼1/4¾3/4⅕1/5⅛1/8⅜3/8⅝5/8⅞7/8";

  /** "5 apples" as one text. */
  private static final Pattern MEASURE = Pattern.compile("[-+$€£]?\\d[\\d,.]* +[^\\d]*");

  /** "p.m." behind a number. */
  private static final Pattern HALF_OF_DAY =
      Pattern.compile("([ap])\\. ?m(\\.|(?![a-z]))", Pattern.CASE_INSENSITIVE);

  private static final Pattern SPACE = Pattern.compile("[\\s~]|\\\\[,;: ]");
  private static final String CURRENCIES = "€£¥₹₩₽¢";
  private final String text;
  private final Budget budget;
  private final List<Token> tokens = new ArrayList<>();
  private final NumberLexer numbers;
  private final Dollars dollars;
  private int at;
  private boolean spaced;
  private int brackets;

  private LatexLexer(String text, Budget budget) {
    this.text = text;
    this.budget = budget;
    this.numbers = new NumberLexer(text);
    this.dollars = new Dollars(text);
  }

  static List<Token> tokens(String answer, Budget budget) {
    LatexLexer lexer = new LatexLexer(unescaped(answer), budget);
    lexer.run();
    while (!lexer.tokens.isEmpty() && lexer.endsInPunctuation()) {
      lexer.tokens.remove(lexer.tokens.size() - 1);
    }
    return lexer.tokens;
  }

  /** Answers that went through a program twice hold two backslashes for each. */
  private static String unescaped(String answer) {
    boolean rows = answer.contains("\\begin");
    if (rows ? !answer.contains("\\\\begin") : !answer.contains("\\\\")) {
      return answer;
    }
    return rows
        ? answer.replace("\\\\", "\\")
        : answer.replaceAll("\\\\\\\\(?=[a-zA-Z%$!,;{}])", "\\\\");
  }

  private void run() {
    while (at < text.length()) {
      budget.spend(1);
      next();
    }
  }

  private void next() {
    char c = text.charAt(at);
    if (c == '$' && dollars.isMoney(at)) {
      at++;
      currency("$");
    } else if (Character.isWhitespace(c) || c == '~' || c == '$' || c == '\u200b') {
      spaced = true;
      at++;
    } else if (c == '\\') {
      command();
    } else if (numbers.startsAt(at)) {
      add(Token.Kind.NUMBER, numbers.read(at, brackets > 0));
      at = numbers.end();
    } else if (text.startsWith("...", at)) {
      while (text.startsWith(".", at)) {
        at++;
      }
      operator("…");
    } else if (isHalfOfDay()) {
      Matcher half = HALF_OF_DAY.matcher(text).region(at, text.length());
      half.lookingAt();
      at = half.end();
      add(Token.Kind.TEXT, half.group(1).toLowerCase(Locale.ROOT) + "m");
    } else if (c < 128 && Character.isLetter(c)) {
      int start = at;
      skipLetters();
      word(text.substring(start, at));
    } else {
      character(c);
    }
  }

  private boolean isHalfOfDay() {
    return !tokens.isEmpty()
        && last().kind() == Token.Kind.NUMBER
        && HALF_OF_DAY.matcher(text).region(at, text.length()).lookingAt();
  }

  private void skipLetters() {
    while (at < text.length() && text.charAt(at) < 128 && Character.isLetter(text.charAt(at))) {
      at++;
    }
  }

  private void character(char c) {
    at++;
    String pair = at < text.length() ? "" + c + text.charAt(at) : "";
    String relation =
        switch (pair) {
          case "<=" -> "≤";
          case ">=" -> "≥";
          case "!=" -> "≠";
          case "==" -> "=";
          case "**" -> "^";
          case "+/" -> text.startsWith("-", at + 1) ? "±" : null;
          default -> null;
        };
    int vulgar = VULGAR.indexOf(c);
    if (relation != null) {
      at += relation.equals("±") ? 2 : 1;
      operator(relation);
    } else if (SUPERSCRIPTS.indexOf(c) >= 0) {
      operator("^");
      add(Token.Kind.NUMBER, String.valueOf(SUPERSCRIPTS.indexOf(c)));
    } else if (SUBSCRIPTS.indexOf(c) >= 0) {
      operator("_");
      add(Token.Kind.NUMBER, String.valueOf(SUBSCRIPTS.indexOf(c)));
    } else if (c > 127 && vulgar >= 0) {
      add(Token.Kind.COMMAND, "frac");
      add(Token.Kind.NUMBER, VULGAR.substring(vulgar + 1, vulgar + 2));
      add(Token.Kind.NUMBER, VULGAR.substring(vulgar + 3, vulgar + 4));
    } else if (c == '√') {
      add(Token.Kind.COMMAND, "sqrt");
    } else if (c == '∞') {
      add(Token.Kind.SYMBOL, "∞");
    } else if (CURRENCIES.indexOf(c) >= 0) {
      currency(String.valueOf(c));
    } else if (c == '℃' || c == '℉') {
      operator("°");
      add(Token.Kind.TEXT, c == '℃' ? "C" : "F");
    } else if (LatexCommands.unicode(c) != null) {
      operator(LatexCommands.unicode(c));
    } else if (Character.isLetter(c)) {
      add(Token.Kind.SYMBOL, c == 'π' ? "π" : String.valueOf(c));
    } else {
      operator(String.valueOf(c));
    }
  }

  /** A currency before a negative number stands before its sign. */
  private void currency(String name) {
    boolean signed = !tokens.isEmpty() && last().is("-") && (tokens.size() == 1 || opensValue());
    Token sign = signed ? tokens.remove(tokens.size() - 1) : null;
    add(Token.Kind.CURRENCY, name);
    if (sign != null) {
      tokens.add(sign);
    }
  }

  /** Whether a value begins with the last token: what stands before it is no value. */
  private boolean opensValue() {
    Token before = tokens.get(tokens.size() - 2);
    return before.kind() == Token.Kind.OPERATOR && !")]}⦄⟩|!'%°".contains(before.text());
  }

  private void operator(String operator) {
    if (operator.isEmpty()) {
      spaced = true;
      return;
    }
    if ("([⦃⟨".contains(operator)) {
      brackets++;
    } else if (")]⦄⟩".contains(operator)) {
      brackets--;
    }
    add(Token.Kind.OPERATOR, operator);
  }

  private void command() {
    int start = ++at;
    skipLetters();
    if (at == start && at < text.length()) {
      at++;
    }
    String name = text.substring(start, at);
    if (name.equals("\\")) {
      add(Token.Kind.OPERATOR, "\\\\");
      return;
    }
    if (name.startsWith("quad") && name.length() > 4) {
      at = start + 4; // "\quadx" in careless answers
      name = "quad";
    }
    name =
        switch (name) {
          case "dfrac", "tfrac", "cfrac", "sfrac" -> "frac";
          case "dbinom", "tbinom" -> "binom";
          default -> name;
        };
    String operator = name.equals("not") ? negation() : LatexCommands.operator(name);
    if (LatexCommands.currency(name) != null) {
      currency(LatexCommands.currency(name));
    } else if (operator != null) {
      operator(operator);
    } else if (LatexCommands.isText(name)) {
      words(argument());
    } else if (LatexCommands.isFont(name)) {
      spaced |= name.length() == 2;
      fontedWord();
    } else if (LatexCommands.isFunction(name)) {
      add(Token.Kind.FUNCTION, name);
    } else if (LatexCommands.hasArguments(name)) {
      add(Token.Kind.COMMAND, name);
    } else if (name.equals("infty")) {
      add(Token.Kind.SYMBOL, "∞");
    } else if (name.equals("pmod")) {
      add(Token.Kind.SYMBOL, "mod " + argument().strip());
    } else if (name.equals("mathbb") || name.equals("Bbb")) {
      add(Token.Kind.SYMBOL, "mathbb " + argument().strip());
    } else {
      add(Token.Kind.SYMBOL, name.equals("pi") ? "π" : name);
    }
  }

  /** \not= is ≠; what else it negates is not understood. */
  private String negation() {
    int next = at;
    while (next < text.length() && text.charAt(next) == ' ') {
      next++;
    }
    if (!text.startsWith("=", next)) {
      return "¬";
    }
    at = next + 1;
    return "≠";
  }

  /** A word in another font, \\mathrm{cm}, is read as the word alone. */
  private void fontedWord() {
    int close = text.startsWith("{", at) ? Braces.close(text, at) : -1;
    String inner = close < 0 ? "" : SPACE.matcher(text.substring(at + 1, close)).replaceAll("");
    if (!inner.isEmpty() && inner.chars().allMatch(c -> c < 128 && Character.isLetter(c))) {
      at = close + 1;
      if (afterValue() && Units.isKnown(inner)) {
        add(Token.Kind.TEXT, inner);
      } else {
        word(inner);
      }
    } else if (afterValue() && MeasureReader.isProductOfUnits(inner)) {
      at = close + 1;
      add(Token.Kind.TEXT, inner);
    }
  }

  /** The braced argument that follows, or the next character. */
  private String argument() {
    while (at < text.length() && text.charAt(at) == ' ') {
      at++;
    }
    if (at == text.length()) {
      return "";
    }
    int end = text.charAt(at) == '{' ? Braces.close(text, at) : -1;
    String inner = end < 0 ? text.substring(at, at + 1) : text.substring(at + 1, end);
    at = end < 0 ? at + 1 : end + 1;
    return inner;
  }

  /** Text in a formula: a joining word, a choice, or words (often a unit). */
  private void words(String inner) {
    String plain = inner.strip();
    boolean unit = afterValue() && Units.isKnown(plain);
    boolean oneLetter = plain.length() == 1 && Character.isLetter(plain.charAt(0));
    boolean formula = plain.chars().noneMatch(Character::isLetter) || plain.contains("\\");
    if (plain.isEmpty()) {
      spaced = true;
    } else if (isScaleOfDegrees(plain)) {
      add(Token.Kind.TEXT, plain);
    } else if ((!unit && (Vocabulary.isChoices(plain) || oneLetter))
        || formula
        || MEASURE.matcher(plain).matches()) {
      spaced = true;
      budget.enter();
      tokens.addAll(tokens(plain, budget));
      budget.leave();
    } else if (Vocabulary.joining(plain).isPresent()) {
      operator(Vocabulary.joining(plain).get());
    } else {
      add(Token.Kind.TEXT, plain);
    }
  }

  private void word(String word) {
    boolean afterNumber = !tokens.isEmpty() && last().kind() == Token.Kind.NUMBER;
    boolean name = word.length() > 1 && Character.isLowerCase(word.charAt(1));
    if (isScaleOfDegrees(word)) {
      add(Token.Kind.TEXT, word);
    } else if (Vocabulary.isCurrencyCode(word) && isMoney(word)) {
      currencyCode(word);
    } else if (word.length() == 1) {
      add(isUnitOfRate(word) ? Token.Kind.TEXT : Token.Kind.SYMBOL, word);
    } else if (word.equals("sqrt")) {
      add(Token.Kind.COMMAND, "sqrt");
    } else if (word.equals("pi")) {
      add(Token.Kind.SYMBOL, "π");
    } else if (word.equals("inf") || word.equals("infinity") || word.equals("oo")) {
      add(Token.Kind.SYMBOL, "∞");
    } else if (LatexCommands.isFunction(word)) {
      add(Token.Kind.FUNCTION, word);
    } else if (word.equals("or") && Vocabulary.isOrMore(text, at)) {
      add(Token.Kind.TEXT, word);
    } else if (word.equals("and") || word.equals("or")) {
      operator(Vocabulary.joining(word).orElseThrow());
    } else if (word.length() > 3
        || Vocabulary.isShortWord(word)
        || (name && Character.isUpperCase(word.charAt(0)))
        || (afterNumber && Vocabulary.isUnitBehindNumber(word))
        || (spaced && afterValue() && Vocabulary.isUnitOnly(word))) {
      add(Token.Kind.TEXT, word);
    } else {
      for (int i = 0; i < word.length(); i++) {
        add(Token.Kind.SYMBOL, word.substring(i, i + 1));
      }
    }
  }

  /** "USD" beside a number, and "CA" before a dollar. */
  private boolean isMoney(String word) {
    boolean number = afterValue() || numbers.startsAt(text.startsWith(" ", at) ? at + 1 : at);
    return word.length() == 2 && !word.equals("Rs") ? dollars.behind(at) > at : number;
  }

  private void currencyCode(String word) {
    if (word.length() == 3 || word.equals("Rs")) {
      currency(word);
      return;
    }
    at = dollars.behind(at);
    currency(word.equals("US") ? "$" : word + "$");
  }

  /** The h of "km/h". */
  private boolean isUnitOfRate(String word) {
    int size = tokens.size();
    return size > 1
        && last().is("/")
        && tokens.get(size - 2).kind() == Token.Kind.TEXT
        && Units.isKnown(word);
  }

  private boolean endsInPunctuation() {
    return last().kind() == Token.Kind.OPERATOR && ".,;:".contains(last().text());
  }

  /** °C, and N in 30° N. */
  private boolean isScaleOfDegrees(String word) {
    int size = tokens.size();
    boolean degrees =
        size > 0
            && (last().is("°") || (size > 1 && last().is("}") && tokens.get(size - 2).is("°")));
    return degrees && word.length() == 1 && "CFKNSEW".contains(word);
  }

  private boolean afterValue() {
    return !tokens.isEmpty()
        && (last().kind() == Token.Kind.NUMBER
            || last().kind() == Token.Kind.TEXT
            || last().is("/")
            || last().kind() == Token.Kind.SYMBOL
            || last().is("}")
            || last().is(")"));
  }

  private Token last() {
    return tokens.get(tokens.size() - 1);
  }

  private void add(Token.Kind kind, String spelling) {
    tokens.add(new Token(kind, spelling, spaced));
    spaced = false;
  }
}
