package org.treepo4j.tokenizer.regex;

import java.util.List;

/** What a pattern says, as a tree. */
sealed interface Node {
  /** Largest count of a repeat without an upper bound. */
  int UNBOUNDED = Integer.MAX_VALUE;

  /** One code point of the set. */
  record One(CodePointSet set) implements Node {}

  /** One after the other. */
  record Sequence(List<Node> parts) implements Node {}

  /** The first of the choices that lets the whole pattern match. */
  record Choice(List<Node> choices) implements Node {}

  /** How a repeat gives back what it took. */
  enum Greed {
    GREEDY,
    LAZY,
    POSSESSIVE
  }

  /** The body between {@code min} and {@code max} times. */
  record Repeat(Node body, int min, int max, Greed greed) implements Node {}

  /** A condition on what follows ({@code ahead}) or precedes, taking nothing. */
  record Look(Node body, boolean ahead, boolean negative) implements Node {}

  /** The body, never entered again once it has matched. */
  record Atomic(Node body) implements Node {}

  /** Positions that take nothing. */
  enum Position implements Node {
    TEXT_START,
    TEXT_END,
    TEXT_END_OR_LAST_NEWLINE,
    LINE_START,
    LINE_END,
    WORD_BORDER,
    NO_WORD_BORDER
  }

  /** Whether the node can match without taking anything. */
  default boolean canBeEmpty() {
    if (this instanceof One) {
      return false;
    } else if (this instanceof Sequence sequence) {
      return sequence.parts().stream().allMatch(Node::canBeEmpty);
    } else if (this instanceof Choice choice) {
      return choice.choices().stream().anyMatch(Node::canBeEmpty);
    } else if (this instanceof Repeat repeat) {
      return repeat.min() == 0 || repeat.body().canBeEmpty();
    } else if (this instanceof Atomic atomic) {
      return atomic.body().canBeEmpty();
    }
    return true;
  }

  /** The number of code points every match takes, or -1 where matches differ. */
  default int fixedLength() {
    if (this instanceof One) {
      return 1;
    } else if (this instanceof Sequence sequence) {
      int sum = 0;
      for (Node part : sequence.parts()) {
        int length = part.fixedLength();
        if (length < 0) {
          return -1;
        }
        sum += length;
      }
      return sum;
    } else if (this instanceof Choice choice) {
      int length = choice.choices().get(0).fixedLength();
      return choice.choices().stream().allMatch(c -> c.fixedLength() == length) ? length : -1;
    } else if (this instanceof Repeat repeat) {
      int length = repeat.body().fixedLength();
      return length >= 0 && repeat.min() == repeat.max() ? length * repeat.min() : -1;
    } else if (this instanceof Atomic atomic) {
      return atomic.body().fixedLength();
    }
    return 0;
  }
}
