package org.treepo4j.engines.vector;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A few persistent threads that split one loop at a time. The caller takes part, so a pool of one
 * runs everything on the calling thread.
 *
 * <p>Which worker runs which index is left to chance; results stay bit-identical because every
 * index writes only its own output and sums in its own fixed order.
 */
final class WorkerPool implements AutoCloseable {
  /** Polls of the next job before a worker goes to sleep, about 50 µs. */
  private static final int SPINS = 2_000;

  /** Polls of the last worker before the caller offers its processor to others. */
  private static final int CALLER_SPINS = 20_000;

  /** The body of a parallel loop. */
  interface Task {
    /**
     * @param index which part of the work
     * @param worker {@code 0..threads-1}, never two at once: the key to scratch memory
     */
    void run(int index, int worker);
  }

  /** What is done with one row. */
  interface RowTask {
    void run(int row);
  }

  private final int threads;
  private final Worker[] workers;
  private volatile Job job = new Job(null, 0);
  private volatile boolean closed;

  WorkerPool(int threads) {
    if (threads <= 0) {
      throw new IllegalArgumentException("threads must be positive, was " + threads);
    }
    this.threads = threads;
    this.workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
      workers[i].start();
    }
  }

  int threads() {
    return threads;
  }

  /** Runs {@code task} for every index below {@code count} and returns when all are done. */
  void run(int count, Task task) {
    if (count <= 0) {
      return;
    }
    if (count == 1 || threads == 1) {
      for (int i = 0; i < count; i++) {
        task.run(i, 0);
      }
      return;
    }
    Job mine = new Job(task, count);
    job = mine;
    for (int i = 0; i < Math.min(workers.length, count - 1); i++) {
      workers[i].wake();
    }
    mine.work(0);
    mine.await();
  }

  /** Runs {@code task} for every row below {@code rows}, some of them together. */
  void eachRow(int rows, int rowsTogether, RowTask task) {
    run(
        (rows + rowsTogether - 1) / rowsTogether,
        (index, worker) -> {
          int end = Math.min(rows, (index + 1) * rowsTogether);
          for (int row = index * rowsTogether; row < end; row++) {
            task.run(row);
          }
        });
  }

  @Override
  public void close() {
    closed = true;
    job = new Job(null, 0);
    for (Worker worker : workers) {
      worker.wake();
    }
  }

  /** One parallel loop. Late workers find nothing left to claim, so nobody waits for them. */
  private static final class Job {
    private final Task task;
    private final int count;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    Job(Task task, int count) {
      this.task = task;
      this.count = count;
    }

    void work(int worker) {
      int finished = 0;
      for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
        try {
          task.run(i, worker);
        } catch (RuntimeException | Error thrown) {
          failure.compareAndSet(null, thrown);
        }
        finished++;
      }
      if (finished > 0) {
        done.addAndGet(finished);
      }
    }

    void await() {
      for (int spins = 0; done.get() < count; spins++) {
        if (spins < CALLER_SPINS) {
          Thread.onSpinWait();
        } else {
          Thread.yield();
        }
      }
      Throwable thrown = failure.get();
      if (thrown instanceof Error error) {
        throw error;
      }
      if (thrown instanceof RuntimeException exception) {
        throw exception;
      }
    }
  }

  private final class Worker extends Thread {
    private final int number;
    private volatile boolean asleep;

    Worker(int number) {
      super("treepo-vector-" + number);
      this.number = number;
      setDaemon(true);
    }

    void wake() {
      if (asleep) {
        LockSupport.unpark(this);
      }
    }

    @Override
    public void run() {
      Job seen = job;
      while (!closed) {
        Job current = await(seen);
        current.work(number);
        seen = current;
      }
    }

    private Job await(Job seen) {
      for (int spins = 0; spins < SPINS; spins++) {
        Job current = job;
        if (current != seen) {
          return current;
        }
        Thread.onSpinWait();
      }
      asleep = true;
      while (job == seen) {
        LockSupport.park(this);
      }
      asleep = false;
      return job;
    }
  }
}
