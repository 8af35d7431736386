import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What is wrong with wrong answers: {@code java Failures.java SAMPLES.jsonl…}, files that {@code
 * ./treepo eval --out} wrote, a line of a Markdown table for each.
 *
 * <p>An answer is an equation, {@code 74 - 59 = 15}. If its two sides differ, the arithmetic is
 * wrong; if they agree and the answer is wrong all the same, the operation or the numbers are; if
 * there is no equation, the form is.
 */
class Failures {
  private enum Kind {
    RIGHT,
    ARITHMETIC,
    OPERATION,
    FORM
  }

  private static final Pattern SAMPLE =
      Pattern.compile("\"response\":\"((?:[^\"\\\\]|\\\\.)*)\".*?\"correct\":(true|false)");
  private static final Pattern EQUATION =
      Pattern.compile("\\s*([\\d.]+(?: [-+*/] [\\d.]+)+) = (-?[\\d.]+)(?:\\\\n)?");
  private static final Pattern TERM = Pattern.compile("(?:([-+]) )?([\\d.]+(?: [*/] [\\d.]+)*)");

  public static void main(String[] files) throws IOException {
    System.out.println("| samples | right | arithmetic wrong | operation or numbers wrong | no equation |");
    System.out.println("|---|---|---|---|---|");
    for (String file : files) {
      Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
      try (Stream<String> lines = Files.lines(Path.of(file))) {
        lines.forEach(
            line ->
                SAMPLE
                    .matcher(line)
                    .results()
                    .forEach(sample -> counts.merge(kind(sample), 1, Integer::sum)));
      }
      int all = counts.values().stream().mapToInt(Integer::intValue).sum();
      StringBuilder row =
          new StringBuilder("| " + Path.of(file).getFileName().toString().replace(".jsonl", ""));
      for (Kind kind : Kind.values()) {
        row.append(
            String.format(Locale.ROOT, " | %.1f %%", 100.0 * counts.getOrDefault(kind, 0) / all));
      }
      System.out.println(row.append(" |"));
    }
  }

  private static Kind kind(MatchResult sample) {
    if (sample.group(2).equals("true")) {
      return Kind.RIGHT;
    }
    Matcher equation = EQUATION.matcher(sample.group(1));
    if (!equation.matches()) {
      return Kind.FORM;
    }
    try {
      boolean holds =
          value(equation.group(1)).compareTo(new BigDecimal(equation.group(2))) == 0;
      return holds ? Kind.OPERATION : Kind.ARITHMETIC;
    } catch (ArithmeticException | NumberFormatException e) {
      return Kind.ARITHMETIC; // a division by zero, or 1.2.3
    }
  }

  /** Products and quotients first, then sums, from left to right. */
  private static BigDecimal value(String expression) {
    BigDecimal sum = BigDecimal.ZERO;
    Matcher terms = TERM.matcher(expression);
    while (terms.find()) {
      String[] factors = terms.group(2).split(" ");
      BigDecimal product = new BigDecimal(factors[0]);
      for (int i = 1; i < factors.length; i += 2) {
        BigDecimal factor = new BigDecimal(factors[i + 1]);
        product =
            factors[i].equals("*")
                ? product.multiply(factor)
                : product.divide(factor, MathContext.DECIMAL64);
      }
      sum = "-".equals(terms.group(1)) ? sum.subtract(product) : sum.add(product);
    }
    return sum;
  }
}
