package org.treepo4j.tokenizer;

import org.treepo4j.tokenizer.regex.Regex;

/** What becomes of the matches (delimiters) that a text is split at. */
enum SplitBehavior {
  REMOVED,
  ISOLATED,
  MERGED_WITH_PREVIOUS,
  MERGED_WITH_NEXT,
  CONTIGUOUS;

  static SplitBehavior named(Section section, String field, SplitBehavior absent)
      throws TokenizerException {
    String name = section.text(field, absent == null ? "" : absent.spelling());
    for (SplitBehavior behavior : values()) {
      if (behavior.spelling().equals(name)) {
        return behavior;
      }
    }
    throw section.unsupported(field + " '" + name + "'");
  }

  private String spelling() {
    StringBuilder spelling = new StringBuilder();
    for (String word : name().split("_")) {
      spelling.append(word.charAt(0)).append(word.substring(1).toLowerCase(java.util.Locale.ROOT));
    }
    return spelling.toString();
  }

  /** Splits what the finder finds; {@code invert} swaps delimiters and the text between them. */
  PreTokenizer at(TextFinder finder, boolean invert) {
    return (text, start, end, atTextStart, pieces) -> {
      Splitting splitting = new Splitting(this, invert, text, start, atTextStart, pieces);
      finder.findAll(text, start, end, splitting);
      splitting.finish(end);
    };
  }

  /** One text being split: a part is held back until it is known what joins it. */
  private static final class Splitting implements Regex.MatchSink {
    private final SplitBehavior behavior;
    private final boolean invert;
    private final String text;
    private final int textStart;
    private final boolean atTextStart;
    private final PreTokenizer.Pieces pieces;
    private int done;
    private int heldStart;
    private int heldEnd = -1;
    private boolean previousIsDelimiter;

    Splitting(
        SplitBehavior behavior,
        boolean invert,
        String text,
        int start,
        boolean atTextStart,
        PreTokenizer.Pieces pieces) {
      this.behavior = behavior;
      this.invert = invert;
      this.text = text;
      this.textStart = start;
      this.atTextStart = atTextStart;
      this.pieces = pieces;
      this.done = start;
    }

    @Override
    public void match(int start, int end) {
      if (start > done) {
        part(done, start, invert);
      }
      part(start, end, !invert);
      done = end;
    }

    void finish(int end) {
      if (end > done) {
        part(done, end, invert);
      }
      if (heldEnd >= 0) {
        emit(heldStart, heldEnd);
      }
    }

    private void part(int start, int end, boolean delimiter) {
      switch (behavior) {
        case ISOLATED -> emit(start, end);
        case REMOVED -> {
          if (!delimiter) {
            emit(start, end);
          }
        }
        case MERGED_WITH_PREVIOUS -> hold(start, end, delimiter && !previousIsDelimiter);
        case CONTIGUOUS -> hold(start, end, delimiter == previousIsDelimiter);
        case MERGED_WITH_NEXT -> hold(start, end, previousIsDelimiter && !delimiter);
      }
      previousIsDelimiter = delimiter;
    }

    private void hold(int start, int end, boolean join) {
      if (heldEnd < 0) {
        heldStart = start;
      } else if (!join) {
        emit(heldStart, heldEnd);
        heldStart = start;
      }
      heldEnd = end;
    }

    private void emit(int start, int end) {
      if (end > start) {
        pieces.piece(text, start, end, atTextStart && start == textStart);
      }
    }
  }
}
