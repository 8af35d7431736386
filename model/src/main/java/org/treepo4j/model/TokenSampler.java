package org.treepo4j.model;

import java.util.List;

/**
 * Draws next tokens behind the paths of one decoder, each by its {@link SamplingRule}. The uniform
 * numbers come from the caller, so what is drawn depends on the logits alone and not on the engine:
 * {@link TokenDistribution} is the law. Engines whose logits are not on the heap draw where they
 * are, and may take another token where a number is within rounding of the border of two.
 *
 * <p>What was drawn holds until the next call of {@link #draw}; nothing is allocated for a token.
 */
public interface TokenSampler extends AutoCloseable {

  /** A row of logits holds NaN or nothing finite to draw. */
  final class NotFiniteException extends ArithmeticException {
    private static final long serialVersionUID = 1;
    private final int path;

    public NotFiniteException(int path) {
      super(TokenDistribution.NOT_FINITE);
      this.path = path;
    }

    /** Place of the path in the call. */
    public int path() {
      return path;
    }
  }

  /**
   * Draws tokens, any number behind each path.
   *
   * @throws NotFiniteException when there is nothing to draw from behind a path with draws
   * @throws IllegalArgumentException for a rule of another vocabulary
   */
  DrawnTokens draw(List<? extends BranchingDecoder.Path> paths, TokenDraws draws);

  /** Frees what it holds outside the heap. */
  @Override
  default void close() {}
}
