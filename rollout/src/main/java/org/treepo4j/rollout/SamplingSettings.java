package org.treepo4j.rollout;

import java.util.List;
import java.util.function.IntPredicate;
import org.treepo4j.base.InputException;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.model.SamplingRule;

/** The distribution tokens are drawn from; {@code rollout.sampling.*}. */
public record SamplingSettings(
    @Setting("Divides the logits; 0 takes the likeliest token.") double temperature,
    @Setting("Keep this many of the likeliest tokens; 0 keeps all.") int topK,
    @Setting("Then keep the fewest of the likeliest tokens whose share reaches this; 1 keeps all.")
        double topP,
    @Setting("Then keep tokens of at least this share of the likeliest; 0 keeps all.") double minP,
    @Setting("Token ids that end a response, besides the model's own.") List<Integer> stopTokenIds,
    @Setting("Texts that end a response; the token that completes one is the last of the response.")
        List<String> stopStrings) {

  public static SamplingSettings defaults() {
    return new SamplingSettings(1, 0, 1, 0, List.of(), List.of());
  }

  public SamplingSettings {
    Checks.within("temperature", temperature, 0, 1e6);
    if (temperature > 0 && temperature < 1e-6) {
      throw new IllegalArgumentException(
          "temperature must be 0 or at least 1.0E-6, was " + temperature);
    }
    Checks.notNegative("topK", topK);
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("topP must be above 0 and at most 1, was " + topP);
    }
    Checks.within("minP", minP, 0, 1);
    Checks.present("stopTokenIds", stopTokenIds);
    Checks.present("stopStrings", stopStrings);
    stopTokenIds = List.copyOf(stopTokenIds);
    stopStrings = List.copyOf(stopStrings);
    for (int id : stopTokenIds) {
      Checks.notNegative("stopTokenIds", id);
    }
    if (stopStrings.contains("")) {
      throw new IllegalArgumentException("stopStrings must not hold an empty text");
    }
  }

  /** The rule to draw tokens by, from a vocabulary of ids the tokenizer has. */
  public SamplingRule rule(int vocabSize, IntPredicate vocabulary) {
    return rule(SamplingRule.allowed(vocabSize, vocabulary));
  }

  /**
   * The rule to draw tokens by.
   *
   * @param allowed ids that may be drawn, {@code [vocabSize]}; not copied
   */
  public SamplingRule rule(boolean[] allowed) {
    return new SamplingRule(temperature, topK, topP, minP, allowed);
  }

  /**
   * Holds the stop tokens against the tokenizer: one that it has not is never sampled.
   *
   * @param vocabulary ids the tokenizer has
   * @throws InputException for another id
   */
  public void requireTokens(IntPredicate vocabulary) {
    for (int id : stopTokenIds) {
      if (!vocabulary.test(id)) {
        throw new InputException(
            "rollout.sampling.stopTokenIds: expected ids of tokens, the tokenizer has none of id "
                + id);
      }
    }
  }

  /** Whether tokens are kept from being drawn, so that the others are likelier than the model's. */
  public boolean truncates() {
    return topK > 0 || topP < 1 || minP > 0;
  }

  /** The same at another temperature. */
  SamplingSettings withTemperature(double other) {
    return new SamplingSettings(other, topK, topP, minP, stopTokenIds, stopStrings);
  }
}
