package org.treepo4j.serve.sampling;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CacheFullException;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * The requests that run, one decoder batch for all of their paths. A step computes some tokens of
 * prompts, so that a long one does not hold up the others, and one token of every path.
 *
 * <p>When the decoder's cache is full, kept prompts are let go of first; then the request begun
 * last is set back and waits until another has ended. Its tokens are computed again then, and it
 * goes on where it was.
 */
final class ContinuousBatch implements AutoCloseable {
  /**
   * How long tokens may wait to be told, together then. Every telling wakes other threads, which
   * would cost small models more than their tokens do; where a token takes longer than this, each
   * is told at once.
   */
  private static final long MOST_NANOS_UNTOLD = 10_000_000;

  /** Prompt tokens of one step; pieces of a prompt end at whole units of the cache. */
  private static final int PREFILL_TOKENS = 4 * PromptCache.UNIT;

  private final BranchingDecoder decoder;
  private final Tokenizer tokenizer;
  private final List<Integer> endTokens;
  private final int maxPaths;
  private final PromptCache cache;
  private final TokenDrawing drawing;

  /** Ids with a text, the only ones to be drawn. */
  private final boolean[] allowed;

  /** In the order they began. */
  private final List<RunningRequest> running = new ArrayList<>();

  private final Deque<RunningRequest> setBack = new ArrayDeque<>();

  /**
   * Requests whose listeners are told at the end of a step: waking their threads would hold up
   * sampling.
   */
  private final Set<RunningRequest> news = new LinkedHashSet<>();

  /** Whether the news are more than that answers go on. */
  private boolean urgent;

  private long told = System.nanoTime();

  /** Requests that run at once; less than all since the cache was full. */
  private int maxRunning = Integer.MAX_VALUE;

  private long sampledTokens;
  private long timesSetBack;

  ContinuousBatch(
      BranchingDecoder decoder,
      Tokenizer tokenizer,
      List<Integer> endTokens,
      SamplingLimits limits) {
    this.decoder = decoder;
    this.tokenizer = tokenizer;
    this.endTokens = endTokens;
    maxPaths = limits.maxPaths();
    cache = new PromptCache(decoder, limits.keptPrompts());
    allowed = SamplingRule.allowed(decoder.vocabSize(), tokenizer::hasToken);
    drawing = new TokenDrawing(decoder);
  }

  boolean isEmpty() {
    return running.isEmpty() && setBack.isEmpty();
  }

  /** Whether a request with so many paths may begin now. */
  boolean hasRoom(int paths) {
    return setBack.isEmpty() && running.size() < maxRunning && paths() + paths <= maxPaths;
  }

  void add(RunningRequest request) {
    request.open(tokenizer, allowed);
    running.add(request);
  }

  /** Takes cancelled requests out and advances the others. */
  void step() {
    remove(RunningRequest::isCancelled);
    while (!setBack.isEmpty()
        && running.size() < maxRunning
        && (running.isEmpty() || paths() + setBack.peek().active().size() <= maxPaths)) {
      running.add(setBack.poll());
    }
    computePrompts();
    beginPaths();
    if (urgent) {
      tellNews(); // first tokens do not wait for the second
    }
    advancePaths();
    for (RunningRequest request : List.copyOf(running)) {
      if (request.active().isEmpty()) {
        running.remove(request);
        request.reset(decoder);
        maxRunning = Integer.MAX_VALUE;
        request.complete();
        news.add(request);
        urgent = true;
      }
    }
  }

  /**
   * Tells listeners what the last steps did: at once of first tokens and ends, of others before
   * long.
   */
  void tellNews() {
    if (urgent || System.nanoTime() - told >= MOST_NANOS_UNTOLD) {
      news.forEach(RunningRequest::tell);
      news.clear();
      urgent = false;
      told = System.nanoTime();
    }
  }

  /** Ends all requests. */
  void fail(String reason) {
    List<RunningRequest> all = new ArrayList<>(running);
    all.addAll(setBack);
    all.forEach(request -> fail(request, reason));
    tellNews();
  }

  /** Lets go of kept prompts. */
  void forget() {
    cache.close();
  }

  EngineStatistics statistics(int waiting) {
    return new EngineStatistics(
        waiting,
        running.size() + setBack.size(),
        paths(),
        cache.size(),
        sampledTokens,
        timesSetBack,
        decoder.statistics());
  }

  @Override
  public void close() {
    remove(request -> true);
    cache.close();
    drawing.close();
  }

  private int paths() {
    int paths = 0;
    for (RunningRequest request : running) {
      paths += request.active().size();
    }
    return paths;
  }

  private void remove(Predicate<RunningRequest> which) {
    for (RunningRequest request : List.copyOf(running)) {
      if (which.test(request)) {
        running.remove(request);
        request.reset(decoder);
        maxRunning = Integer.MAX_VALUE;
      }
    }
    setBack.removeIf(which);
  }

  private void fail(RunningRequest request, String reason) {
    running.remove(request);
    setBack.remove(request);
    request.reset(decoder);
    maxRunning = Integer.MAX_VALUE;
    request.fail(reason);
    news.add(request);
    urgent = true;
  }

  /** Computes the next tokens of prompts; what begins alike is computed once. */
  private void computePrompts() {
    while (true) {
      List<RunningRequest> chosen = new ArrayList<>();
      List<BranchingDecoder.Prompt> chunks = new ArrayList<>();
      int left = PREFILL_TOKENS;
      for (RunningRequest request : running) {
        if (request.hasBegun() || left <= 0 || !isStarted(request)) {
          continue;
        }
        int[] prompt = request.request().prompt();
        int from = request.computedPromptTokens();
        int end = Math.min(prompt.length, from + left);
        if (end > from) {
          left -= (end - from + PromptCache.UNIT - 1) / PromptCache.UNIT * PromptCache.UNIT;
          chosen.add(request);
          int[] chunk = Arrays.copyOfRange(prompt, from, end);
          chunks.add(new BranchingDecoder.Prompt(request.prompt(), chunk));
        }
      }
      if (chosen.isEmpty()) {
        return;
      }
      try {
        List<BranchingDecoder.Path> longer = decoder.prefill(chunks);
        for (int i = 0; i < longer.size(); i++) {
          if (chosen.get(i).prompt() != null) {
            decoder.release(chosen.get(i).prompt());
          }
          chosen.get(i).prompt(longer.get(i));
        }
        return;
      } catch (CacheFullException e) {
        makeRoom();
      }
    }
  }

  /** Whether the prompt of a request may be computed now; takes what is kept of it. */
  private boolean isStarted(RunningRequest request) {
    if (request.prompt() == null) {
      int[] prompt = request.request().prompt();
      int kept = cache.sharedLength(prompt);
      for (RunningRequest other : running.subList(0, running.indexOf(request))) {
        int spared = PromptCache.sharedLength(prompt, other.request().prompt()) - kept;
        if (!other.hasBegun() && spared > 0 && 4 * spared >= prompt.length - kept) {
          return false;
        }
      }
      if (kept > 0) {
        request.shares(cache.fork(prompt));
      }
    }
    return true;
  }

  /** Begins, or goes on with, the paths of prompts that are computed. */
  private void beginPaths() {
    List<RunningRequest> ready =
        running.stream()
            .filter(r -> !r.hasBegun() && r.computedPromptTokens() == r.request().prompt().length)
            .toList();
    if (ready.isEmpty()) {
      return;
    }
    sample(ready, ready.stream().map(RunningRequest::prompt).toList());
    for (RunningRequest request : ready) {
      while (running.contains(request)) {
        try {
          fork(request);
          break;
        } catch (CacheFullException e) {
          makeRoom();
        }
      }
    }
  }

  private void fork(RunningRequest request) {
    for (RunningPath path : request.active()) {
      if (path.keys() == null) {
        path.keys(
            path.count() == 1
                ? decoder.fork(request.prompt(), request.prompt().length())
                : decoder.prefill(request.prompt(), path.before()));
      }
    }
    cache.keep(request.request().prompt(), request.begin());
  }

  /** One token of every path. */
  private void advancePaths() {
    List<RunningPath> rows = append();
    if (rows.isEmpty()) {
      return;
    }
    sample(
        running.stream().filter(RunningRequest::hasBegun).toList(),
        rows.stream().map(RunningPath::keys).toList());
    for (RunningPath path : rows) {
      if (path.hasEnded() && path.keys() != null) {
        cache.keep(path.computedTokens(), path.keys());
        path.keys(null);
      }
    }
  }

  private List<RunningPath> append() {
    while (true) {
      List<RunningPath> rows = new ArrayList<>();
      for (RunningRequest request : running) {
        if (request.hasBegun()) {
          rows.addAll(request.active());
        }
      }
      try {
        decoder.append(
            rows.stream().map(RunningPath::keys).toList(),
            rows.stream().mapToInt(RunningPath::lastToken).toArray());
        return rows;
      } catch (CacheFullException e) {
        makeRoom();
      }
    }
  }

  /**
   * Samples the next tokens of requests.
   *
   * @param rows what tokens are drawn behind; those of a request follow each other
   */
  private void sample(List<RunningRequest> requests, List<BranchingDecoder.Path> rows) {
    drawing.draw(requests, rows);
    for (RunningRequest request : requests) {
      try {
        for (RunningPath path : request.acceptDrawn(endTokens)) {
          urgent |= path.count() == 1;
          sampledTokens++;
        }
        news.add(request);
      } catch (RuntimeException e) {
        fail(request, "sampling failed: " + e.getMessage());
      }
    }
  }

  private void makeRoom() {
    if (cache.makeRoom()) {
      return;
    }
    RunningRequest last = running.get(running.size() - 1);
    if (running.size() == 1) {
      fail(last, "the request needs more memory than the key/value cache may take");
      return;
    }
    running.remove(last);
    last.reset(decoder);
    setBack.push(last);
    maxRunning = running.size();
    timesSetBack++;
  }
}
