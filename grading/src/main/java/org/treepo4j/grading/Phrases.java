package org.treepo4j.grading;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds "the answer is …", "Answer: …", "A: …", hashes and tags: what stands behind them. */
final class Phrases {
  private static final int MAX_TRIES = 50;
  private static final String SIGN_OFF = "I hope it is correct";

  /** "answer", "option" and "choice" without their first letter, small or capital. */
  private static final String[] NOUNS = {"nswer", "NSWER", "ption", "hoice"};

  private static final Pattern JOINT = Pattern.compile("\\b(and|or)\\b");
  private static final int NOUN_LENGTH = 5;
  private static final String[] VERBS = {
    "is:", "is", "are:", "are", "was", "would be", "will be", "should be", "=", ":"
  };

  private Phrases() {}

  /** Between "final answer is" and "I hope it is correct". */
  static Optional<String> signOff(String text) {
    int end = text.lastIndexOf(SIGN_OFF);
    int phrase = end < 0 ? -1 : text.lastIndexOf("final answer is", end);
    int start = phrase + "final answer is".length();
    if (phrase < 0 || text.substring(start, end).contains("\n\n")) {
      return Optional.empty();
    }
    return nonBlank(text.substring(start, end));
  }

  /** The line behind the last hashes, unless it is a heading. */
  static Optional<String> hashes(String text) {
    int hashes = text.lastIndexOf("####");
    if (hashes < 0) {
      return Optional.empty();
    }
    String line = firstLine(text.substring(hashes + "####".length()));
    String lower = line.toLowerCase(Locale.ROOT);
    boolean heading =
        lower.startsWith("step") || lower.startsWith("final") || lower.startsWith("answer");
    return heading ? Optional.empty() : nonBlank(line);
  }

  static Optional<String> tag(String text) {
    int end = text.lastIndexOf("</answer>");
    int start = end < 0 ? -1 : text.lastIndexOf("<answer>", end);
    return start < 0
        ? Optional.empty()
        : nonBlank(text.substring(start + "<answer>".length(), end));
  }

  /** The rest of the line, or the next line, behind the last phrase. */
  static Optional<String> afterPhrase(String text) {
    int from = text.length();
    for (int i = 0; i < MAX_TRIES && from >= 0; i++) {
      int phrase = -1;
      for (String noun : NOUNS) {
        phrase = Math.max(phrase, text.lastIndexOf(noun, from));
      }
      if (phrase < 0) {
        break;
      }
      int start = behindVerb(text, phrase + NOUN_LENGTH);
      if (start >= 0) {
        Optional<String> line = nonBlank(firstLine(skipMarks(text.substring(start))));
        if (line.isPresent()) {
          return line;
        }
      }
      from = phrase - 1;
    }
    int letter = text.startsWith("A:") ? 0 : text.lastIndexOf("\nA:") + 1;
    return text.startsWith("A:", letter)
        ? nonBlank(firstLine(skipMarks(text.substring(letter + 2))))
        : Optional.empty();
  }

  private static int behindVerb(String text, int at) {
    int start = at;
    while (start < text.length() && " *_".indexOf(text.charAt(start)) >= 0) {
      start++;
    }
    for (String verb : VERBS) {
      if (text.regionMatches(true, start, verb, 0, verb.length())) {
        int end = start + verb.length();
        boolean wholeWord =
            !Character.isLetter(verb.charAt(verb.length() - 1))
                || end == text.length()
                || !Character.isLetterOrDigit(text.charAt(end));
        return wholeWord ? end : -1;
      }
    }
    return -1;
  }

  /** What joins two parts of an answer with a text between them: "and", "or", or a comma. */
  static String joint(String text, int from, int to) {
    Matcher word = JOINT.matcher(text).region(from, to);
    return word.find() ? " " + word.group() + " " : ", ";
  }

  private static String skipMarks(String text) {
    int start = 0;
    while (start < text.length()
        && (Character.isWhitespace(text.charAt(start)) || "*_:".indexOf(text.charAt(start)) >= 0)) {
      start++;
    }
    for (String noun : new String[] {"option ", "choice "}) {
      if (text.regionMatches(true, start, noun, 0, noun.length())) {
        start += noun.length();
      }
    }
    return text.substring(start);
  }

  private static String firstLine(String text) {
    String stripped = text.strip();
    boolean display = stripped.startsWith("$$") || stripped.startsWith("\\[");
    int end = display ? -1 : stripped.indexOf('\n');
    return end < 0 ? stripped : stripped.substring(0, end).strip();
  }

  private static Optional<String> nonBlank(String text) {
    return text.isBlank() ? Optional.empty() : Optional.of(text.strip());
  }
}
