package org.treepo4j.serve.sampling;

import java.util.Arrays;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.rollout.RandomStreams;
import org.treepo4j.tokenizer.StreamingDecoder;

/** One continuation of a request while it is sampled. */
final class RunningPath {
  private final RunningRequest owner;
  private final int index;
  private final long stream;
  private final StreamingDecoder decoder;
  private final MarkerScanner stops;
  private int[] tokens = new int[32];
  private int count;
  private boolean stopped;
  private boolean ended;

  /** Ends before the token sampled last; null while it is not computed. */
  private BranchingDecoder.Path keys;

  RunningPath(RunningRequest owner, int index, StreamingDecoder decoder) {
    this.owner = owner;
    this.index = index;
    this.decoder = decoder;
    SamplingRequest request = owner.request();
    stream = new RandomStreams(request.seed(), 0).stream("", 0, index + 1);
    stops = new MarkerScanner(request.sampling().stopStrings());
  }

  RunningRequest owner() {
    return owner;
  }

  BranchingDecoder.Path keys() {
    return keys;
  }

  void keys(BranchingDecoder.Path path) {
    keys = path;
  }

  int count() {
    return count;
  }

  /** Tokens sampled before the last one. */
  int[] before() {
    return Arrays.copyOf(tokens, count - 1);
  }

  int lastToken() {
    return tokens[count - 1];
  }

  boolean hasEnded() {
    return ended;
  }

  /** The tokens that {@link #keys} holds. */
  int[] computedTokens() {
    int[] prompt = owner.request().prompt();
    int[] all = Arrays.copyOf(prompt, prompt.length + count - 1);
    System.arraycopy(tokens, 0, all, prompt.length, count - 1);
    return all;
  }

  /** The random number of the next token. */
  double uniform() {
    return RandomStreams.uniform(stream, count);
  }

  /**
   * Takes a sampled token and tells the listener.
   *
   * @param ends whether the model ends a text with it
   * @param logprobs null unless the request asked for them
   */
  void accept(int token, boolean ends, SamplingListener.TokenLogprobs logprobs) {
    if (count == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * count);
    }
    tokens[count++] = token;
    if (ends) {
      stopped = true;
    } else {
      String text = stops.append(decoder.append(token));
      stopped = stops.found();
      owner.listener().sampled(index, text, logprobs);
    }
    ended = stopped || count == owner.request().maxTokens();
    if (ended) {
      owner.listener().finished(index, rest(), stopped);
    }
  }

  /** Text held back, up to a stop string that it may complete. */
  private String rest() {
    if (stops.found()) {
      return "";
    }
    String last = stops.append(decoder.finish());
    stopped |= stops.found();
    return stops.found() ? last : last + stops.rest();
  }
}
