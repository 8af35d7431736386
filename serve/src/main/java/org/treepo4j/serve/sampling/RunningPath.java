package org.treepo4j.serve.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.rollout.RandomStreams;
import org.treepo4j.serve.sampling.SamplingListener.TokenLogprobs;
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
  private int drawn;
  private TokenLogprobs drawnLogprobs;
  private boolean stopped;
  private boolean ended;

  /** What the listener is to be told: of how many tokens, and what of them. */
  private int untold;

  private final StringBuilder untoldText = new StringBuilder();
  private final List<TokenLogprobs> untoldLogprobs = new ArrayList<>();
  private boolean toldEnd;

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
   * Notes the token drawn next.
   *
   * @param logprobs null unless the request asked for them
   */
  void draw(int token, TokenLogprobs logprobs) {
    drawn = token;
    drawnLogprobs = logprobs;
  }

  /**
   * Takes the token drawn.
   *
   * @param ending tokens that the model ends a text with
   */
  void accept(List<Integer> ending) {
    int token = drawn;
    if (count == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * count);
    }
    tokens[count++] = token;
    if (ending.contains(token)) {
      stopped = true;
    } else {
      untold++;
      untoldText.append(stops.append(decoder.append(token)));
      stopped = stops.found();
      if (drawnLogprobs != null) {
        untoldLogprobs.add(drawnLogprobs);
      }
    }
    ended = stopped || count == owner.request().maxTokens();
  }

  /** Tells what has happened since the last time. */
  void tell(SamplingListener listener) {
    if (untold > 0) {
      listener.sampled(index, untoldText.toString(), List.copyOf(untoldLogprobs));
      untold = 0;
      untoldText.setLength(0);
      untoldLogprobs.clear();
    }
    if (ended && !toldEnd) {
      toldEnd = true;
      String rest = rest();
      listener.finished(index, rest, stopped);
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
