package org.treepo4j.tokenizer.jinja;

import java.time.Duration;

/** What one rendering may still spend; a hostile template runs out of it. For one thread. */
final class Budget {
  /** Calls within calls within expressions; Python would stop at about 1,000 as well. */
  private static final int MAX_DEPTH = 400;

  private static final int STEPS_BETWEEN_CLOCK_READINGS = 1024;

  private final RenderLimits limits;
  private final long deadline;
  private long steps;
  private long characters;
  private long items;
  private int depth;

  Budget(RenderLimits limits) {
    this.limits = limits;
    Duration time = limits.time();
    this.deadline = System.nanoTime() + time.toNanos();
  }

  /** One evaluation or one round of a loop. */
  void step() {
    if (++steps > limits.steps()) {
      throw JinjaException.of("LimitError", "more than " + limits.steps() + " steps");
    }
    if (steps % STEPS_BETWEEN_CLOCK_READINGS == 0) {
      checkTime();
    }
  }

  private void checkTime() {
    if (System.nanoTime() - deadline > 0) {
      throw JinjaException.of("LimitError", "more than " + limits.time().toMillis() + " ms");
    }
  }

  /** Before a text of so many characters is made. */
  void reserveText(long length) {
    reserveText(0, length);
  }

  /** Before a text grows by so many characters. */
  void reserveText(long length, long more) {
    characters += more;
    if (length + more > limits.characters() || characters > 16 * limits.characters()) {
      throw JinjaException.of(
          "LimitError", "text of more than " + limits.characters() + " characters");
    }
    if (more > STEPS_BETWEEN_CLOCK_READINGS) {
      checkTime();
    }
  }

  /** Counts a text that has been made. */
  String text(String text) {
    reserveText(text.length());
    return text;
  }

  /** Before a list of so many items is made. */
  void reserveItems(long count) {
    items += count;
    if (count > limits.steps() || items > limits.steps()) {
      throw JinjaException.of("LimitError", "lists of more than " + limits.steps() + " items");
    }
  }

  void enter() {
    step();
    if (++depth > MAX_DEPTH) {
      throw JinjaException.of("RecursionError", "maximum recursion depth exceeded");
    }
  }

  void leave() {
    depth--;
  }
}
