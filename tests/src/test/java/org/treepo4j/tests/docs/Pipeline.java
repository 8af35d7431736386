package org.treepo4j.tests.docs;

import java.util.ArrayList;
import java.util.List;

/**
 * A command line as documents may show it: words with quotes, {@code |}, {@code <} and {@code >}, a
 * comment after {@code #}.
 *
 * @param stages words of the commands, one's output being the next one's input
 * @param input file the first command reads, or null
 * @param output file the last command writes, or null
 */
record Pipeline(List<List<String>> stages, String input, String output) {

  static Pipeline parse(String line) {
    List<List<String>> stages = new ArrayList<>(List.of(new ArrayList<>()));
    String input = null;
    String output = null;
    List<String> words = words(line);
    for (int i = 0; i < words.size(); i++) {
      switch (words.get(i)) {
        case "|" -> stages.add(new ArrayList<>());
        case "<" -> input = words.get(++i);
        case ">" -> output = words.get(++i);
        default -> stages.get(stages.size() - 1).add(words.get(i));
      }
    }
    return new Pipeline(stages, input, output);
  }

  /** The words of a line; quotes are taken away. */
  static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean within = false;
    char quote = 0;
    for (char c : line.toCharArray()) {
      if (quote != 0) {
        if (c == quote) {
          quote = 0;
        } else {
          word.append(c);
        }
      } else if (c == '\'' || c == '"') {
        quote = c;
        within = true;
      } else if (c == '#' && !within) {
        break;
      } else if (Character.isWhitespace(c)) {
        if (within) {
          words.add(word.toString());
        }
        word.setLength(0);
        within = false;
      } else {
        word.append(c);
        within = true;
      }
    }
    if (quote != 0) {
      throw new IllegalArgumentException("a quote is not closed: " + line);
    }
    if (within) {
      words.add(word.toString());
    }
    return words;
  }
}
