package org.treepo4j.rollout;

import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.BranchingDecoder.Path;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.model.TokenDraws;
import org.treepo4j.model.TokenSampler;

/** Samples one response to one prompt and tells every token as it comes. */
public final class PathSampler {
  private final SamplingSettings settings;
  private final StopRules rules;
  private final TokenText text;
  private final IntPredicate vocabulary;

  /**
   * @param text of token ids, without special tokens
   * @param vocabulary ids that may be sampled
   * @param eosTokenIds ids that end a response
   */
  public PathSampler(
      SamplingSettings settings, TokenText text, IntPredicate vocabulary, int[] eosTokenIds) {
    this.settings = settings;
    this.text = text;
    this.vocabulary = vocabulary;
    this.rules =
        new StopRules(
            Settings.of(RolloutSettings.class).set("sampling", settings).build(), eosTokenIds);
  }

  /**
   * Samples until the response ends or has {@code maxTokens}.
   *
   * @param prompt at least one token
   * @param tokens told every sampled token in turn, the one that ends the response too
   * @return {@link FinishReason#EOS}, or {@link FinishReason#MAX_RESPONSE_TOKENS}
   */
  public FinishReason sample(
      BranchingDecoder decoder, int[] prompt, long seed, int maxTokens, IntConsumer tokens) {
    long stream = new RandomStreams(seed, 0).stream("", 0, 1);
    ResponseText response = ResponseText.empty(text);
    SamplingRule rule = settings.rule(decoder.vocabSize(), vocabulary);
    TokenDraws draws = new TokenDraws();
    Path path = decoder.prefill(prompt);
    try (TokenSampler sampler = decoder.sampler()) {
      for (int position = 0; position < maxTokens; position++) {
        draws.clear();
        draws.add(0, RandomStreams.uniform(stream, position), rule);
        int token = sampler.draw(List.of(path), draws).tokens()[0];
        tokens.accept(token);
        if (rules.ends(token, response)) {
          return FinishReason.EOS;
        }
        if (position + 1 < maxTokens) {
          decoder.append(List.of(path), new int[] {token});
        }
      }
      return FinishReason.MAX_RESPONSE_TOKENS;
    } finally {
      decoder.release(path);
    }
  }
}
