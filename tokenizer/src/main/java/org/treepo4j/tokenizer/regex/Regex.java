package org.treepo4j.tokenizer.regex;

/**
 * A compiled pattern in Oniguruma's Ruby dialect, the one that Hugging Face tokenizer files are
 * written in. Immutable and safe for many threads.
 */
public final class Regex {
  private static final int MAX_PATTERN_LENGTH = 20_000;

  /** Steps back that one piece of text may take: Oniguruma's limit for one match, and more. */
  private static final long STEPS_PER_TEXT = 10_000_000;

  private static final long STEPS_PER_CHARACTER = 200;

  private final String pattern;
  private final Program program;

  private Regex(String pattern, Program program) {
    this.pattern = pattern;
    this.program = program;
  }

  /**
   * Compiles a pattern.
   *
   * @throws java.util.regex.PatternSyntaxException naming what is wrong or unsupported
   */
  public static Regex compile(String pattern) {
    if (pattern.length() > MAX_PATTERN_LENGTH) {
      throw new java.util.regex.PatternSyntaxException(
          "longer than " + MAX_PATTERN_LENGTH + " characters", "", -1);
    }
    return new Regex(pattern, new Program(pattern, new PatternParser(pattern).parse()));
  }

  /** Takes the matches of a text, in order. */
  @FunctionalInterface
  public interface MatchSink {
    /** A match of the text from {@code start} to {@code end}; an empty one is a border. */
    void match(int start, int end);
  }

  /**
   * Finds all matches in {@code text} from {@code start} to {@code end}, from left to right, but no
   * empty one right after another match; the pattern sees nothing beyond those bounds.
   */
  public void findAll(String text, int start, int end, MatchSink sink) {
    long maxSteps = STEPS_PER_TEXT + STEPS_PER_CHARACTER * (end - start);
    Matching matching = new Matching(program, text, start, end, maxSteps);
    int lastEnd = -1;
    int at = start;
    while (at <= end) {
      int matchStart = at;
      int matchEnd = matching.matchAt(matchStart);
      while (matchEnd < 0 && matchStart < end) {
        matchStart += Character.charCount(text.codePointAt(matchStart));
        matchEnd = matching.matchAt(matchStart);
      }
      if (matchEnd < 0) {
        return;
      }
      if (matchEnd == lastEnd) {
        at += at < end ? Character.charCount(text.codePointAt(at)) : 1;
      } else {
        sink.match(matchStart, matchEnd);
        lastEnd = matchEnd;
        at = matchEnd;
      }
    }
  }

  /** The pattern as written. */
  @Override
  public String toString() {
    return pattern;
  }
}
