package org.treepo4j.tokenizer;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The merges of a SentencePiece-style tokenizer as one score for each token, from which a reader
 * makes the merges again; the inverse of {@link ScoredPieces}. The best score is 0, for the token
 * that is merged first.
 *
 * @param apart ids that are found in a text before anything is merged, or are single bytes
 */
record Scores(ModelFile model, Vocabulary vocabulary, Set<Integer> apart, int rows) {

  /**
   * One score for each row.
   *
   * @throws TokenizerException where scores would give other merges
   */
  double[] list() throws TokenizerException {
    double[] scores = new double[rows];
    boolean[] made = new boolean[rows];
    Set<List<String>> pairs = new HashSet<>();
    int rank = 0;
    int last = -1;
    for (int i = 0; i < model.merges().size(); i += 2) {
      String left = model.merges().get(i);
      String right = model.merges().get(i + 1);
      int joined = vocabulary.id(left + right);
      pairs.add(List.of(left, right));
      if (joined != last) {
        if (made[joined]) {
          throw problem("'" + left + right + "' is made of two pairs with others between them");
        }
        made[joined] = true;
        scores[joined] = -rank++;
        last = joined;
      }
    }
    for (int id = 0; id < vocabulary.size(); id++) {
      if (!apart.contains(id) && vocabulary.token(id) != null) {
        requireAllPairs(vocabulary.token(id), pairs);
      }
    }
    double worst = -rank;
    for (int id = 0; id < rows; id++) {
      scores[id] = made[id] ? scores[id] : worst;
    }
    return Arrays.copyOf(scores, rows);
  }

  /** What a reader would merge must be a merge. */
  private void requireAllPairs(String token, Set<List<String>> pairs) throws TokenizerException {
    for (int split = 1; split < token.length(); split++) {
      List<String> pair = List.of(token.substring(0, split), token.substring(split));
      if (vocabulary.id(pair.get(0)) >= 0
          && vocabulary.id(pair.get(1)) >= 0
          && !pairs.contains(pair)) {
        throw problem("'" + token + "' is not made of the tokens " + pair);
      }
    }
  }

  private TokenizerException problem(String what) {
    return model.rest().child("merges").problem("no scores of a GGUF file can say that " + what);
  }
}
