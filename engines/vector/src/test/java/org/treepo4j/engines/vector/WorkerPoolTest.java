package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {

  @Property(tries = 40)
  void everyIndexRunsOnceAndNoWorkerNumberTwiceAtOnce(
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll @IntRange(min = 0, max = 200) int count) {
    try (WorkerPool pool = new WorkerPool(threads)) {
      assertThat(pool.threads()).isEqualTo(threads);
      AtomicIntegerArray busy = new AtomicIntegerArray(threads);
      for (int loop = 0; loop < 20; loop++) {
        AtomicIntegerArray runs = new AtomicIntegerArray(count);
        pool.run(
            count,
            (index, worker) -> {
              assertThat(busy.incrementAndGet(worker)).isEqualTo(1);
              runs.incrementAndGet(index);
              busy.decrementAndGet(worker);
            });
        for (int index = 0; index < count; index++) {
          assertThat(runs.get(index)).isEqualTo(1);
        }
      }
    }
  }

  @Property(tries = 20)
  void failuresReachTheCallerAndThePoolGoesOn(
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll @IntRange(min = 1, max = 50) int count,
      @ForAll boolean error,
      @ForAll long seed) {
    int culprit = new Random(seed).nextInt(count);
    RuntimeException exception = new IllegalStateException("index " + culprit);
    Error failure = new AssertionError("index " + culprit);
    try (WorkerPool pool = new WorkerPool(threads)) {
      assertThatThrownBy(
              () ->
                  pool.run(
                      count,
                      (index, worker) -> {
                        if (index == culprit && error) {
                          throw failure;
                        }
                        if (index == culprit) {
                          throw exception;
                        }
                      }))
          .isSameAs(error ? failure : exception);
      AtomicIntegerArray runs = new AtomicIntegerArray(count);
      pool.run(count, (index, worker) -> runs.incrementAndGet(index));
      for (int index = 0; index < count; index++) {
        assertThat(runs.get(index)).isEqualTo(1);
      }
    }
  }

  @Test
  void sleepingWorkersWakeForTheNextLoopAndEndWithThePool() throws InterruptedException {
    Set<Thread> seen = ConcurrentHashMap.newKeySet();
    try (WorkerPool pool = new WorkerPool(3)) {
      for (int loop = 0; loop < 3; loop++) {
        // Long enough for workers to stop polling.
        Thread.sleep(20);
        CountDownLatch together = new CountDownLatch(3);
        pool.run(
            3,
            (index, worker) -> {
              seen.add(Thread.currentThread());
              together.countDown();
              assertThat(wait(together)).isTrue();
            });
      }
    }
    assertThat(seen).hasSize(3).contains(Thread.currentThread());
    for (Thread thread : seen) {
      if (thread != Thread.currentThread()) {
        thread.join(TimeUnit.MINUTES.toMillis(1));
        assertThat(thread.isAlive()).isFalse();
      }
    }
  }

  @Property(tries = 10)
  void resultsAreTheSameBitsWheneverTheyAreComputed(
      @ForAll @IntRange(min = 1, max = 3) int threads, @ForAll long seed) {
    Random random = new Random(seed);
    int size = 130;
    float[] a = TestModels.coefficients(size * size, 0, random);
    float[] b = TestModels.coefficients(size * size, 0, random);
    float[] first = new float[size * size];
    try (WorkerPool pool = new WorkerPool(threads)) {
      Gemm gemm = new Gemm(pool);
      for (int repetition = 0; repetition < 5; repetition++) {
        float[] c = new float[size * size];
        gemm.nt(
            size, size, size, Matrix.of(a, size), Matrix.of(b, size), Matrix.of(c, size), false);
        if (repetition == 0) {
          System.arraycopy(c, 0, first, 0, c.length);
        }
        assertThat(c).isEqualTo(first);
      }
    }
  }

  @Test
  void aPoolNeedsAThread() {
    assertThatThrownBy(() -> new WorkerPool(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("threads must be positive, was 0");
  }

  private static boolean wait(CountDownLatch latch) {
    try {
      return latch.await(1, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
