package org.treepo4j.rl.data;

import java.util.Objects;

/**
 * A written answer to learn from.
 *
 * @param prompt what is given and not learned; {@code Prompt.Text("")} for plain text
 * @param completion what is learned
 */
public record Demonstration(Prompt prompt, String completion) {

  public Demonstration {
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(completion, "completion");
  }
}
