package org.treepo4j.model;

import java.util.function.IntPredicate;

/**
 * How a token is drawn from logits: temperature, then top-k, then top-p, then min-p, over the ids
 * that are allowed.
 *
 * @param temperature divides the logits; 0 takes the likeliest token
 * @param topK keeps this many of the likeliest tokens; 0 keeps all
 * @param topP then keeps the fewest of the likeliest whose share reaches this; 1 keeps all
 * @param minP then keeps tokens of at least this share of the likeliest; 0 keeps all
 * @param allowed whether an id may be drawn, {@code [vocabSize]}; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // handed over and read, compared by nobody
public record SamplingRule(
    double temperature, int topK, double topP, double minP, boolean[] allowed) {

  /**
   * @throws IllegalArgumentException when no id may be drawn
   */
  public SamplingRule {
    boolean any = false;
    for (int id = 0; id < allowed.length && !any; id++) {
      any = allowed[id];
    }
    if (!any) {
      throw new IllegalArgumentException("the vocabulary has none of the model's token ids");
    }
  }

  /**
   * @throws IllegalArgumentException when this rule is for another number of ids
   */
  public void requireVocabulary(int vocabSize) {
    if (allowed.length != vocabSize) {
      throw new IllegalArgumentException(
          "a rule for " + vocabSize + " ids is needed, was for " + allowed.length);
    }
  }

  /** The model's own distribution over the ids that are allowed. */
  public static SamplingRule plain(int vocabSize, IntPredicate vocabulary) {
    return new SamplingRule(1, 0, 1, 0, allowed(vocabSize, vocabulary));
  }

  /** Which ids of a vocabulary may be drawn. */
  public static boolean[] allowed(int vocabSize, IntPredicate vocabulary) {
    boolean[] allowed = new boolean[vocabSize];
    for (int id = 0; id < vocabSize; id++) {
      allowed[id] = vocabulary.test(id);
    }
    return allowed;
  }
}
