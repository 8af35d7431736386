package org.treepo4j.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * A SentencePiece vocabulary as merges: any two tokens that make a third may join, and the best
 * score is joined first.
 */
final class ScoredPieces {
  private final List<String> tokens;
  private final double[] scores;
  private final Vocabulary vocabulary;
  private final Set<Integer> apart;

  /** Best score first; the order among equals is that of the transformers library's converter. */
  private static final Comparator<Merge> ORDER =
      Comparator.comparingDouble((Merge merge) -> -merge.score())
          .thenComparingInt(Merge::joined)
          .thenComparingInt(merge -> -merge.split());

  /**
   * @param split length of the left token
   */
  private record Merge(int left, int right, int joined, int split, double score) {}

  /**
   * @param apart ids of tokens that never come of merging, nor take part in it
   */
  ScoredPieces(List<String> tokens, double[] scores, Vocabulary vocabulary, Set<Integer> apart) {
    this.tokens = tokens;
    this.scores = scores;
    this.vocabulary = vocabulary;
    this.apart = apart;
  }

  /** Merges in which tokens of one score have one rank, so that the leftmost is joined first. */
  MergeTable table() {
    List<Merge> merges = merges();
    MergeTable table = new MergeTable(merges.size());
    int rank = -1;
    double score = Double.NaN;
    for (Merge merge : merges) {
      if (merge.score() != score) {
        score = merge.score();
        rank++;
      }
      table.put(merge.left(), merge.right(), rank, merge.joined());
    }
    return table;
  }

  /** Pairs for a tokenizer file, which gives each a rank of its own. */
  List<String[]> pairs() {
    List<String[]> pairs = new ArrayList<>();
    for (Merge merge : merges()) {
      pairs.add(new String[] {tokens.get(merge.left()), tokens.get(merge.right())});
    }
    return pairs;
  }

  private List<Merge> merges() {
    List<Merge> merges = new ArrayList<>();
    for (int id = 0; id < tokens.size(); id++) {
      String token = tokens.get(id);
      for (int split = 1; split < token.length() && !apart.contains(id); split++) {
        int left = vocabulary.id(token.substring(0, split));
        int right = left < 0 ? -1 : vocabulary.id(token.substring(split));
        if (right >= 0 && !apart.contains(left) && !apart.contains(right)) {
          merges.add(new Merge(left, right, id, split, scores[id]));
        }
      }
    }
    merges.sort(ORDER);
    return merges;
  }
}
