package org.treepo4j.serve.openai;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.treepo4j.serve.http.Exchange;
import org.treepo4j.serve.sampling.SamplingEngine;

/** Begins answers, ends those that take too long or whose client has gone, and times them. */
final class Answers implements AutoCloseable {
  private final Duration answerTime;
  private final Metrics metrics;
  private final ScheduledThreadPoolExecutor timer;

  Answers(Duration answerTime, Metrics metrics) {
    this.answerTime = answerTime;
    this.metrics = metrics;
    timer =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, "answer-timer");
              thread.setDaemon(true);
              return thread;
            });
    timer.setRemoveOnCancelPolicy(true);
  }

  /**
   * @throws ApiException when there is no room for it now
   */
  void begin(Exchange exchange, Generation generation) throws ApiException {
    Timing timing = new Timing(exchange.path());
    Answer answer = new Answer(exchange, generation, timing);
    List<SamplingEngine.Job> jobs = new ArrayList<>();
    for (int i = 0; i < generation.prompts().size(); i++) {
      jobs.add(new SamplingEngine.Job(generation.prompts().get(i), answer.listener(i)));
    }
    SamplingEngine.Ticket ticket;
    try {
      ticket = generation.model().engine().submit(jobs);
    } catch (SamplingEngine.RefusedException e) {
      throw e.isFull() ? ApiException.full(e.getMessage()) : ApiException.http(503, e.getMessage());
    }
    Future<?> timeout =
        timer.schedule(
            () -> {
              ticket.cancel();
              String message = "the answer took longer than " + answerTime.toSeconds() + " s";
              exchange.execute(() -> answer.fail(ApiException.timeout(message)));
            },
            answerTime.toMillis(),
            TimeUnit.MILLISECONDS);
    exchange.execute(() -> timing.timeout(timeout));
    exchange.onHangUp(
        () -> {
          ticket.cancel();
          answer.hungUp();
        });
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }

  /** On the thread of the exchange. */
  private final class Timing implements Answer.Observer {
    private final String path;
    private final long begin = System.nanoTime();
    private Future<?> timeout;
    private boolean first = true;
    private boolean ended;

    Timing(String path) {
      this.path = path;
    }

    void timeout(Future<?> future) {
      timeout = future;
      if (ended) {
        future.cancel(false);
      }
    }

    @Override
    public void firstToken() {
      if (first) {
        first = false;
        metrics.firstToken(seconds());
      }
    }

    @Override
    public void ended(int status, int promptTokens, int cachedTokens, int sampledTokens) {
      ended = true;
      if (timeout != null) {
        timeout.cancel(false);
      }
      metrics.request(path, status);
      metrics.answered(seconds(), promptTokens, cachedTokens, sampledTokens);
    }

    private double seconds() {
      return (System.nanoTime() - begin) * 1e-9;
    }
  }
}
