package org.treepo4j.rollout;

import org.treepo4j.model.DrawnTokens;

/** A path that samples its next segment. */
final class ActivePath {
  private final GrowingNode parent;
  private final int branch;
  private final boolean fallback;
  private final long stream;
  private final int most;
  private final StopRules rules;
  private final ResponseText text;
  private final SampledTokens sampled = new SampledTokens();
  private boolean ended;

  /**
   * @param parent the node it continues
   * @param branch names its random stream among those of the prompt
   * @param fallback whether it begins at the cut of a fallback
   * @param stream its random stream
   * @param most tokens of the segment
   * @param text of the response so far; taken over
   */
  ActivePath(
      GrowingNode parent,
      int branch,
      boolean fallback,
      long stream,
      int most,
      StopRules rules,
      ResponseText text) {
    this.parent = parent;
    this.branch = branch;
    this.fallback = fallback;
    this.stream = stream;
    this.most = most;
    this.rules = rules;
    this.text = text;
    text.beginSegment();
  }

  /** The random number of the next token. */
  double uniform() {
    return RandomStreams.uniform(stream, responseLength());
  }

  /** Takes the next token. */
  void take(DrawnTokens drawn, int draw) {
    int token = drawn.tokens()[draw];
    sampled.add(
        token, drawn.logprobs()[draw], drawn.modelLogprobs()[draw], drawn.entropies()[draw]);
    ended = rules.ends(token, text);
  }

  boolean isComplete() {
    return ended || sampled.size() == most;
  }

  int lastToken() {
    return sampled.token(sampled.size() - 1);
  }

  /** Response tokens up to the last one drawn. */
  int responseLength() {
    return parent.end() + sampled.size();
  }

  ResponseText text() {
    return text;
  }

  /** Whether its last token ends the response. */
  boolean ended() {
    return ended;
  }

  /** Puts the complete segment into the tree. */
  GrowingNode seal() {
    return parent.addChild(sampled, branch, fallback);
  }
}
