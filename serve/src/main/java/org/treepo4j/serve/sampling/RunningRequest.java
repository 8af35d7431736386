package org.treepo4j.serve.sampling;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.TokenDistribution;
import org.treepo4j.serve.sampling.SamplingListener.Usage;
import org.treepo4j.tokenizer.Tokenizer;

/** A request from the moment it is submitted; all but {@link #cancel} on the sampling thread. */
final class RunningRequest {
  private final SamplingRequest request;
  private final SamplingListener listener;
  private List<RunningPath> paths = List.of();
  private TokenDistribution distribution;

  /** The prompt as far as it is computed; null before it begins and when its paths have begun. */
  private BranchingDecoder.Path prompt;

  private boolean begun;
  private boolean setBack;
  private int cachedTokens;
  private volatile boolean cancelled;

  RunningRequest(SamplingRequest request, SamplingListener listener) {
    this.request = request;
    this.listener = listener;
  }

  SamplingRequest request() {
    return request;
  }

  /** Tells the listener; one that fails is told no more. */
  void tell(Consumer<SamplingListener> event) {
    try {
      event.accept(listener);
    } catch (RuntimeException e) {
      cancel();
    }
  }

  void cancel() {
    cancelled = true;
  }

  boolean isCancelled() {
    return cancelled;
  }

  /** Makes its paths, unless it has them from an earlier start. */
  void open(Tokenizer tokenizer, int vocabSize) {
    if (paths.isEmpty()) {
      distribution = new TokenDistribution(request.sampling().rule(vocabSize, tokenizer::hasToken));
      paths =
          IntStream.range(0, request.paths())
              .mapToObj(i -> new RunningPath(this, i, tokenizer.streamingDecoder(false)))
              .toList();
    }
  }

  TokenDistribution distribution() {
    return distribution;
  }

  /** Paths that have not ended. */
  List<RunningPath> active() {
    return paths.stream().filter(path -> !path.hasEnded()).toList();
  }

  boolean hasBegun() {
    return begun;
  }

  BranchingDecoder.Path prompt() {
    return prompt;
  }

  int computedPromptTokens() {
    return prompt == null ? 0 : prompt.length();
  }

  /** Takes a path over that ends where the prompt is computed to. */
  void prompt(BranchingDecoder.Path path) {
    prompt = path;
  }

  /** The first tokens of the prompt were computed before. */
  void shares(BranchingDecoder.Path path) {
    prompt = path;
    if (!setBack) {
      cachedTokens = path.length();
    }
  }

  /** Its paths are about to begin; gives the path of the prompt away. */
  BranchingDecoder.Path begin() {
    BranchingDecoder.Path path = prompt;
    prompt = null;
    begun = true;
    return path;
  }

  /** Releases everything; what was sampled stays, to be computed again. */
  void reset(BranchingDecoder decoder) {
    if (prompt != null) {
      decoder.release(prompt);
      prompt = null;
    }
    for (RunningPath path : paths) {
      if (path.keys() != null) {
        decoder.release(path.keys());
        path.keys(null);
      }
    }
    begun = false;
    setBack = true;
  }

  int sampledTokens() {
    return paths.stream().mapToInt(RunningPath::count).sum();
  }

  Usage usage() {
    return new Usage(request.prompt().length, cachedTokens, sampledTokens());
  }

  /** The row with the request's bias, in {@code scratch} where there is one. */
  float[] biased(float[] row, float[] scratch) {
    if (request.logitBias().isEmpty()) {
      return row;
    }
    System.arraycopy(row, 0, scratch, 0, row.length);
    for (Map.Entry<Integer, Double> bias : request.logitBias().entrySet()) {
      scratch[bias.getKey()] += bias.getValue().floatValue();
    }
    return scratch;
  }
}
