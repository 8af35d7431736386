package org.treepo4j.tokenizer;

import java.util.List;

/** Cuts a text into the pieces that the model tokenizes one by one. */
@FunctionalInterface
interface PreTokenizer {
  /** The whole text is one piece. */
  PreTokenizer NONE =
      (text, start, end, atTextStart, pieces) -> pieces.piece(text, start, end, atTextStart);

  /**
   * Tells the pieces of {@code text} from {@code start} to {@code end}, in order.
   *
   * @param atTextStart whether this is where the user's text begins
   */
  void split(String text, int start, int end, boolean atTextStart, Pieces pieces);

  /** Takes pieces; none is empty. */
  @FunctionalInterface
  interface Pieces {
    /** The piece is {@code text} from {@code start} to {@code end}. */
    void piece(String text, int start, int end, boolean atTextStart);
  }

  /** Every stage cuts the pieces of the one before. */
  static PreTokenizer sequence(List<PreTokenizer> stages) {
    if (stages.size() == 1) {
      return stages.get(0);
    }
    return (text, start, end, atTextStart, pieces) -> {
      Pieces sink = pieces;
      for (int i = stages.size() - 1; i >= 0; i--) {
        PreTokenizer stage = stages.get(i);
        Pieces next = sink;
        sink = (t, s, e, first) -> stage.split(t, s, e, first, next);
      }
      sink.piece(text, start, end, atTextStart);
    };
  }
}
