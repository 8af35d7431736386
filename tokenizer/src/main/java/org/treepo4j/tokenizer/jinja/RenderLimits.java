package org.treepo4j.tokenizer.jinja;

import java.time.Duration;

/**
 * What one rendering may spend.
 *
 * @param steps evaluations, rounds of loops and items of lists made
 * @param characters length of the rendered text and of any text on the way
 * @param time how long it may take
 */
public record RenderLimits(long steps, long characters, Duration time) {
  /** Enough for conversations of megabytes. */
  public static final RenderLimits DEFAULT =
      new RenderLimits(20_000_000, 16L << 20, Duration.ofSeconds(20));

  /** Checks that all limits are positive. */
  public RenderLimits {
    if (steps <= 0) {
      throw new IllegalArgumentException("steps must be positive, was " + steps);
    }
    if (characters <= 0) {
      throw new IllegalArgumentException("characters must be positive, was " + characters);
    }
    if (time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException("time must be positive, was " + time);
    }
  }
}
