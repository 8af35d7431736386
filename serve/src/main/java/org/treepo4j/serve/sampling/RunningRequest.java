package org.treepo4j.serve.sampling;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DrawnTokens;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.model.TokenDistribution;
import org.treepo4j.model.TokenDraws;
import org.treepo4j.serve.sampling.SamplingListener.Usage;
import org.treepo4j.tokenizer.Tokenizer;

/** A request from the moment it is submitted; all but {@link #cancel} on the sampling thread. */
final class RunningRequest {
  private final SamplingRequest request;
  private final SamplingListener listener;
  private List<RunningPath> paths = List.of();
  private SamplingRule rule;

  /** What draws from logits; null until it has to. */
  private TokenDistribution distribution;

  /** Null unless the request asked for log-probabilities. */
  private LikeliestTokens likeliest;

  /** Paths that have not ended, and those of them that the last draw was for. */
  private final List<RunningPath> active = new ArrayList<>();

  private List<RunningPath> drawing = List.of();
  private RuntimeException drawFailure;

  /** The prompt as far as it is computed; null before it begins and when its paths have begun. */
  private BranchingDecoder.Path prompt;

  private boolean begun;
  private boolean setBack;
  private int cachedTokens;

  /** What the listener is told last. */
  private Consumer<SamplingListener> outcome = told -> {};

  private volatile boolean cancelled;

  RunningRequest(SamplingRequest request, SamplingListener listener) {
    this.request = request;
    this.listener = listener;
  }

  SamplingRequest request() {
    return request;
  }

  /** All its paths have ended. */
  void complete() {
    Usage usage = usage();
    outcome = told -> told.completed(usage);
  }

  /** It cannot go on. */
  void fail(String reason) {
    outcome = told -> told.failed(reason);
  }

  /** Tells the listener what has happened since the last time; one that fails is told no more. */
  void tell() {
    try {
      paths.forEach(path -> path.tell(listener));
      outcome.accept(listener);
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

  /**
   * Makes its paths, unless it has them from an earlier start.
   *
   * @param allowed ids that may be drawn, {@code [vocabSize]}; best the same for all requests
   */
  void open(Tokenizer tokenizer, boolean[] allowed) {
    if (paths.isEmpty()) {
      rule = request.sampling().rule(allowed);
      if (request.topLogprobs() != SamplingRequest.NO_LOGPROBS) {
        likeliest = new LikeliestTokens(allowed.length);
      }
      paths =
          IntStream.range(0, request.paths())
              .mapToObj(i -> new RunningPath(this, i, tokenizer.streamingDecoder(false)))
              .toList();
      active.addAll(paths);
    }
  }

  /** Paths that have not ended. */
  List<RunningPath> active() {
    return Collections.unmodifiableList(active);
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

  private Usage usage() {
    return new Usage(request.prompt().length, cachedTokens, sampledTokens());
  }

  /** Rows of logits that its next tokens are drawn from. */
  int rows() {
    return begun ? active.size() : 1;
  }

  /** Whether more is made of its logits than tokens drawn by its rule. */
  boolean needsLogits() {
    return likeliest != null || !request.logitBias().isEmpty();
  }

  /**
   * Adds what is to be drawn for it: the next token of each of its paths, all behind the prompt,
   * later each behind its own row.
   *
   * @param first its first row
   */
  void addDraws(TokenDraws draws, int first) {
    drawing = nextToDraw();
    for (int i = 0; i < drawing.size(); i++) {
      draws.add(begun ? first + i : first, drawing.get(i).uniform(), rule);
    }
  }

  /**
   * Notes the tokens drawn for it.
   *
   * @param first its first draw
   * @return the first draw behind its own
   */
  int takeDrawn(DrawnTokens drawn, int first) {
    for (int i = 0; i < drawing.size(); i++) {
      drawing.get(i).draw(drawn.tokens()[first + i], null);
    }
    return first + drawing.size();
  }

  /**
   * Draws the same tokens from logits. May run beside the draws of other requests.
   *
   * @param first its first row
   */
  void draw(float[][] logits, int first) {
    try {
      drawing = nextToDraw();
      for (int i = 0; i < drawing.size(); i++) {
        if (begun || i == 0) {
          read(logits[first + i]);
        }
        RunningPath path = drawing.get(i);
        int token = distribution.sample(path.uniform());
        path.draw(token, likeliest == null ? null : likeliest.with(token));
      }
    } catch (RuntimeException e) {
      drawFailure = e;
    }
  }

  private List<RunningPath> nextToDraw() {
    return begun ? List.copyOf(active) : active.stream().filter(p -> p.count() == 0).toList();
  }

  private void read(float[] row) {
    if (distribution == null) {
      distribution = new TokenDistribution(rule);
    }
    distribution.read(biased(row));
    if (likeliest != null) {
      likeliest.read(row, request.topLogprobs());
    }
  }

  /**
   * Takes the tokens drawn, and returns the paths they are of.
   *
   * @throws RuntimeException when drawing failed
   */
  List<RunningPath> acceptDrawn(List<Integer> endTokens) {
    if (drawFailure != null) {
      throw drawFailure;
    }
    drawing.forEach(path -> path.accept(endTokens));
    active.removeIf(RunningPath::hasEnded);
    return drawing;
  }

  private float[] biased(float[] row) {
    if (request.logitBias().isEmpty()) {
      return row;
    }
    float[] biased = row.clone();
    for (Map.Entry<Integer, Double> bias : request.logitBias().entrySet()) {
      biased[bias.getKey()] += bias.getValue().floatValue();
    }
    return biased;
  }
}
