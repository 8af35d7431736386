package org.treepo4j.tokenizer;

import java.util.Map;

/** The model's own tokens, both ways, before any token is added. */
final class Vocabulary {
  /** A file may leave this many ids unused, and as many again as it has tokens, times four. */
  private static final int GAPS_ALLOWED = 1 << 18;

  private final Map<String, Integer> ids;
  private final String[] tokens;

  /** Reads the ids of the vocabulary of {@code section}. */
  Vocabulary(Map<String, Integer> ids, Section section) throws TokenizerException {
    this.ids = ids;
    int highest = -1;
    for (Map.Entry<String, Integer> entry : ids.entrySet()) {
      checkId(entry.getValue(), entry.getKey(), ids.size(), section);
      highest = Math.max(highest, entry.getValue());
    }
    this.tokens = new String[highest + 1];
    for (Map.Entry<String, Integer> entry : ids.entrySet()) {
      String other = tokens[entry.getValue()];
      if (other != null) {
        String first = entry.getKey().compareTo(other) < 0 ? entry.getKey() : other;
        String second = first.equals(other) ? entry.getKey() : other;
        throw section.problem(
            "tokens '%s' and '%s' have the same id %d".formatted(first, second, entry.getValue()));
      }
      tokens[entry.getValue()] = entry.getKey();
    }
  }

  /** Refuses an id so high that tables by id would dwarf the file. */
  static void checkId(int id, String token, int count, Section section) throws TokenizerException {
    if (id < 0 || id > GAPS_ALLOWED + 4L * count) {
      throw section.problem("token '" + token + "' has id " + id + " among " + count + " tokens");
    }
  }

  /** The id of a token, or -1. */
  int id(String token) {
    return ids.getOrDefault(token, -1);
  }

  /** The token of an id, or null. */
  String token(int id) {
    return id >= 0 && id < tokens.length ? tokens[id] : null;
  }

  /** How many tokens there are. */
  int count() {
    return ids.size();
  }

  /** The highest id + 1. */
  int size() {
    return tokens.length;
  }
}
