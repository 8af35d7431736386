package org.treepo4j.serve.sampling;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderStatistics;
import org.treepo4j.tokenizer.Tokenizer;

/**
 * Samples for many requests at once: one thread owns the model, everybody else hands requests in.
 * Requests wait in the order they come; {@link ContinuousBatch} runs as many as there are paths.
 *
 * <p>Safe for many threads.
 */
public final class SamplingEngine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SamplingEngine.class);

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final List<Integer> endTokenIds;
  private final SamplingLimits limits;
  private final Thread thread;
  private final CountDownLatch ended = new CountDownLatch(1);

  /** Guards what follows. */
  private final Object lock = new Object();

  private final Deque<RunningRequest> waiting = new ArrayDeque<>();
  private boolean draining;
  private boolean closed;

  private volatile EngineStatistics statistics =
      new EngineStatistics(0, 0, 0, 0, 0, 0, new DecoderStatistics(0, 0, 0, 0, 0));

  /** A request and who is told of it. */
  public record Job(SamplingRequest request, SamplingListener listener) {}

  /** Lets go of what was submitted. */
  @FunctionalInterface
  public interface Ticket {
    /** The requests' paths are freed before another token is sampled. */
    void cancel();
  }

  /** There is no room for a request now; the message is one line. */
  public static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    /** Whether it is worth trying again here. */
    private final boolean full;

    RefusedException(boolean full, String message) {
      super(message);
      this.full = full;
    }

    /** True when the queue is full, false when the engine is being closed. */
    public boolean isFull() {
      return full;
    }
  }

  /**
   * Starts the thread.
   *
   * @param model closed with the engine
   */
  public SamplingEngine(CausalLm model, Tokenizer tokenizer, SamplingLimits limits) {
    this(model, tokenizer, model.config().eosTokenIds(), limits);
  }

  /** As above, with other ids that end an answer than those of the model's configuration. */
  public SamplingEngine(
      CausalLm model, Tokenizer tokenizer, List<Integer> endTokenIds, SamplingLimits limits) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.endTokenIds = List.copyOf(endTokenIds);
    this.limits = limits;
    thread = new Thread(this::run, "sampling");
    thread.setDaemon(true);
    thread.start();
  }

  public SamplingLimits limits() {
    return limits;
  }

  /**
   * Hands requests in, all or none of them. However many they are, they are taken when no other
   * waits.
   *
   * @throws RefusedException when too many wait, or the engine is being closed
   * @throws IllegalArgumentException when a request can never run
   */
  public Ticket submit(List<Job> jobs) throws RefusedException {
    List<RunningRequest> requests =
        jobs.stream().map(job -> new RunningRequest(job.request(), job.listener())).toList();
    for (Job job : jobs) {
      check(job.request());
    }
    synchronized (lock) {
      if (draining) {
        throw new RefusedException(false, "the model is being closed");
      }
      int before = waiting.size();
      if (before > 0 && before + requests.size() > limits.maxWaiting()) {
        throw new RefusedException(
            true, "%d requests wait, of at most %d".formatted(before, limits.maxWaiting()));
      }
      waiting.addAll(requests);
      lock.notifyAll();
    }
    return () -> cancel(requests);
  }

  private void check(SamplingRequest request) {
    if (request.paths() > limits.maxPaths()) {
      throw new IllegalArgumentException(
          "paths must be at most " + limits.maxPaths() + ", was " + request.paths());
    }
    long positions = (long) request.prompt().length + request.maxTokens();
    if (positions > model.config().maxPositions()) {
      throw new IllegalArgumentException(
          "prompt and maxTokens must be at most %d tokens, were %d"
              .formatted(model.config().maxPositions(), positions));
    }
  }

  private void cancel(List<RunningRequest> requests) {
    requests.forEach(RunningRequest::cancel);
    synchronized (lock) {
      waiting.removeAll(requests);
      lock.notifyAll();
    }
  }

  public EngineStatistics statistics() {
    return statistics;
  }

  /** Whether requests are taken. */
  public boolean isOpen() {
    synchronized (lock) {
      return !draining;
    }
  }

  /** Takes no more requests, finishes those it has, and lets go of the model; returns at once. */
  public void drain() {
    synchronized (lock) {
      draining = true;
      lock.notifyAll();
    }
  }

  /** Waits until a {@link #drain} is done; false when the time is over first. */
  public boolean awaitEnd(Duration most) throws InterruptedException {
    return ended.await(most.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Fails what has not ended and lets go of the model. */
  @Override
  public void close() {
    synchronized (lock) {
      draining = true;
      closed = true;
      lock.notifyAll();
    }
    boolean interrupted = false;
    while (true) {
      try {
        ended.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try (CausalLm owned = model;
        BranchingDecoder decoder = owned.decoder(limits.cache());
        ContinuousBatch batch = new ContinuousBatch(decoder, tokenizer, endTokenIds, limits)) {
      while (takeWaiting(batch)) {
        step(batch);
      }
      batch.fail("the server is shutting down");
      statistics = batch.statistics(0);
    } catch (RuntimeException | Error e) {
      LOG.error("sampling ended", e);
      throw e;
    } finally {
      failWaiting();
      ended.countDown();
    }
  }

  private void step(ContinuousBatch batch) {
    try {
      batch.step();
      statistics = batch.statistics(statistics.waiting());
      batch.tellNews();
    } catch (RuntimeException | Error e) { // out of memory most likely; others may go on
      LOG.error("a step of sampling failed", e);
      batch.forget();
      batch.fail("sampling failed: " + e.getMessage());
    }
  }

  /** Moves requests into the batch, waiting for some if it is empty; false to end. */
  private boolean takeWaiting(ContinuousBatch batch) {
    synchronized (lock) {
      while (true) {
        while (!waiting.isEmpty() && batch.hasRoom(waiting.peek().request().paths())) {
          batch.add(waiting.poll());
        }
        statistics = batch.statistics(waiting.size());
        if (closed || (draining && batch.isEmpty())) {
          return false;
        }
        if (!batch.isEmpty()) {
          return true;
        }
        try {
          lock.wait();
        } catch (InterruptedException e) {
          return false;
        }
      }
    }
  }

  private void failWaiting() {
    List<RunningRequest> left;
    synchronized (lock) {
      draining = true;
      left = List.copyOf(waiting);
      waiting.clear();
    }
    for (RunningRequest request : left) {
      request.fail("the server is shutting down");
      request.tell();
    }
  }
}
