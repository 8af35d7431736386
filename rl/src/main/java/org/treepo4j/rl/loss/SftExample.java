package org.treepo4j.rl.loss;

import java.util.Arrays;
import java.util.Collection;
import org.treepo4j.model.TokenTree;

/**
 * Tokens with the ones that are learned from. Several examples make one batch of trees, so they are
 * packed together without attending to each other. Arrays are not copied.
 *
 * @param tokens a chain, or completions branching from one prompt
 * @param learned whether a token counts, {@code [size]}; the root never does
 */
public record SftExample(TokenTree tokens, boolean[] learned) {

  public SftExample {
    if (learned.length != tokens.size()) {
      throw new IllegalArgumentException(
          "learned must have " + tokens.size() + " values, had " + learned.length);
    }
    if (learned[0]) {
      throw new IllegalArgumentException("the first token is not predicted, so it is not learned");
    }
  }

  /** A text to continue: every token but the first counts. */
  public static SftExample text(int... tokens) {
    boolean[] learned = new boolean[tokens.length];
    Arrays.fill(learned, 1, tokens.length, true);
    return new SftExample(TokenTree.chain(tokens), learned);
  }

  /** A prompt and its completion: only the completion counts. */
  public static SftExample completion(int[] prompt, int[] completion) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("prompt must hold at least one token");
    }
    int[] tokens = Arrays.copyOf(prompt, prompt.length + completion.length);
    System.arraycopy(completion, 0, tokens, prompt.length, completion.length);
    boolean[] learned = new boolean[tokens.length];
    Arrays.fill(learned, prompt.length, tokens.length, true);
    return new SftExample(TokenTree.chain(tokens), learned);
  }

  /** Number of tokens that count. */
  public int learnedTokens() {
    int count = 0;
    for (boolean one : learned) {
      count += one ? 1 : 0;
    }
    return count;
  }

  /** Number of tokens that count in a mini-batch, the normalizer of {@link SftObjective}. */
  public static long learnedTokens(Collection<SftExample> miniBatch) {
    return miniBatch.stream().mapToLong(SftExample::learnedTokens).sum();
  }
}
