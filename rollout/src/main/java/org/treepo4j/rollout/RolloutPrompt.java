package org.treepo4j.rollout;

import java.util.Objects;

/**
 * A prompt to sample from. The array is not copied.
 *
 * @param id names the prompt in files and messages and picks its random streams
 * @param tokens at least one token id
 */
public record RolloutPrompt(String id, int[] tokens) {

  public RolloutPrompt {
    Objects.requireNonNull(id, "id");
    if (tokens.length == 0) {
      throw new IllegalArgumentException("prompt " + id + " must hold at least one token");
    }
  }
}
