package org.treepo4j.rl.reward;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.treepo4j.grading.GradingException;

/**
 * One batch being scored. Workers take the next input each; the caller's thread watches the clock,
 * gives up on a worker that is late (interrupting it, and leaving it behind if it does not listen)
 * and puts a new one in its place.
 */
final class ScoringRound {
  /** What became of one input. */
  sealed interface Outcome {}

  record Scored(Score score) implements Outcome {}

  record Threw(String message) implements Outcome {}

  record Late(Duration limit) implements Outcome {}

  private final Reward reward;
  private final List<RewardInput> inputs;
  private final long limitNanos;
  private final Outcome[] outcomes;
  private final List<Worker> working = new ArrayList<>();
  private int next;
  private int open;
  private RewardException untrusted;

  ScoringRound(Reward reward, List<RewardInput> inputs, long limitNanos) {
    this.reward = reward;
    this.inputs = inputs;
    this.limitNanos = limitNanos;
    this.outcomes = new Outcome[inputs.size()];
    this.open = inputs.size();
  }

  /**
   * @throws RewardException as soon as the reward throws it
   */
  synchronized List<Outcome> run(int threads) throws InterruptedException {
    try {
      for (int i = 0; i < Math.min(threads, inputs.size()); i++) {
        startWorker();
      }
      while (open > 0 && untrusted == null) {
        long wait = replaceLate();
        if (open > 0) {
          wait(Math.max(1, wait / 1_000_000));
        }
      }
    } finally {
      working.forEach(Worker::interrupt);
      working.clear();
    }
    if (untrusted != null) {
      throw untrusted;
    }
    return List.of(outcomes);
  }

  private void startWorker() {
    Worker worker = new Worker();
    working.add(worker);
    worker.start();
  }

  /** Gives up on late workers; nanoseconds until the next one can be late. */
  private long replaceLate() {
    long now = System.nanoTime();
    long wait = limitNanos;
    int given = 0;
    for (Iterator<Worker> each = working.iterator(); each.hasNext(); ) {
      Worker worker = each.next();
      long left = worker.started + worker.limit - now;
      if (worker.paused) {
        continue;
      }
      if (worker.index >= 0 && left <= 0) {
        settle(worker.index, new Late(Duration.ofNanos(worker.limit)));
        worker.interrupt();
        each.remove();
        given++;
      } else if (worker.index >= 0) {
        wait = Math.min(wait, left);
      }
    }
    for (int i = 0; i < given; i++) {
      startWorker();
    }
    return wait;
  }

  private void settle(int index, Outcome outcome) {
    outcomes[index] = outcome;
    open--;
    if (open == 0) {
      notifyAll();
    }
  }

  /** Hands in the finished outcome and takes the next input; false when the worker may go. */
  private synchronized boolean advance(Worker worker, Outcome finished) {
    if (!working.contains(worker)) {
      return false;
    }
    if (worker.index >= 0) {
      settle(worker.index, finished);
    }
    if (next == inputs.size()) {
      worker.index = -1;
      working.remove(worker);
      return false;
    }
    worker.index = next++;
    worker.started = System.nanoTime();
    worker.limit = limitNanos;
    worker.paused = false;
    return true;
  }

  private Outcome score(RewardInput input, Worker worker) {
    try {
      Score score = StartingReward.score(reward, input, worker);
      return score == null ? new Threw("reward gave no score") : new Scored(score);
    } catch (RewardException e) {
      stop(e);
      return new Threw(e.getMessage());
    } catch (IOException | GradingException e) {
      return new Threw(e.getMessage());
    } catch (Exception | StackOverflowError | OutOfMemoryError | LinkageError e) {
      return new Threw(e.toString());
    }
  }

  private synchronized void stop(RewardException e) {
    untrusted = e;
    notifyAll();
  }

  private final class Worker extends Thread implements StartingReward.Clock {
    private int index = -1;
    private long started;
    private long limit;
    private boolean paused;

    Worker() {
      super("reward");
      setDaemon(true);
    }

    @Override
    public void run() {
      Outcome finished = null;
      while (advance(this, finished)) {
        finished = score(inputs.get(index), this);
      }
    }

    @Override
    public void pause() {
      synchronized (ScoringRound.this) {
        paused = true;
      }
    }

    @Override
    public void restart(Duration extra) {
      synchronized (ScoringRound.this) {
        paused = false;
        started = System.nanoTime();
        limit = limitNanos + extra.toNanos();
      }
    }
  }
}
