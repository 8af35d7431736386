package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.LANES;
import static org.treepo4j.engines.vector.GemmKernel.SPECIES;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/**
 * What this machine could do at most: the yardstick of every benchmark.
 *
 * @param threads threads that took part
 * @param fmaGflops fused multiply-adds of numbers in registers, in 10⁹ operations per second: the
 *     processor's own limit
 * @param gemmGflops the vector engine's float32 products of 1536×4864×896, in 10⁹ operations per
 *     second
 * @param readGigabytesPerSecond reading 512 MB from front to back, in 10⁹ bytes per second
 */
public record MachineLimits(
    int threads, double fmaGflops, double gemmGflops, double readGigabytesPerSecond) {
  private static final int M = 1536;
  private static final int N = 4864;
  private static final int K = 896;
  private static final int FLOATS = 1 << 27;
  private static final int SLICES = 256;

  /** Fused multiply-adds that do not wait for each other: two pipes of at most six cycles. */
  private static final int CHAINS = 12;

  private static final int FMA_ROUNDS = 1 << 18;

  /** For each of the three: long enough for the JVM to compile the kernels. */
  private static final long NANOSECONDS = 2_500_000_000L;

  /**
   * Takes about eight seconds; the medians of many rounds, as what is compared with them are
   * medians.
   *
   * @throws IllegalStateException when the JVM was started without the Vector API
   */
  public static MachineLimits measure(int threads) {
    VectorApi.require();
    try (WorkerPool pool = new WorkerPool(threads)) {
      return new MachineLimits(threads, fma(pool), gemm(pool), read(pool));
    }
  }

  private static double fma(WorkerPool pool) {
    int tasks = 4 * pool.threads();
    float[][] results = new float[pool.threads()][LANES];
    double nanoseconds =
        medianNanoseconds(
            () -> pool.run(tasks, (task, worker) -> multiplyAndAdd(FMA_ROUNDS, results[worker])));
    return 2.0 * LANES * CHAINS * FMA_ROUNDS * tasks / nanoseconds;
  }

  /** Chains of {@code c ← c·x + y} with all numbers in registers; their sum goes to memory. */
  private static void multiplyAndAdd(int rounds, float[] result) {
    FloatVector x = FloatVector.broadcast(SPECIES, 0.5f);
    FloatVector y = FloatVector.broadcast(SPECIES, 1f);
    FloatVector c0 = y;
    FloatVector c1 = y;
    FloatVector c2 = y;
    FloatVector c3 = y;
    FloatVector c4 = y;
    FloatVector c5 = y;
    FloatVector c6 = y;
    FloatVector c7 = y;
    FloatVector c8 = y;
    FloatVector c9 = y;
    FloatVector c10 = y;
    FloatVector c11 = y;
    for (int i = 0; i < rounds; i++) {
      c0 = c0.fma(x, y);
      c1 = c1.fma(x, y);
      c2 = c2.fma(x, y);
      c3 = c3.fma(x, y);
      c4 = c4.fma(x, y);
      c5 = c5.fma(x, y);
      c6 = c6.fma(x, y);
      c7 = c7.fma(x, y);
      c8 = c8.fma(x, y);
      c9 = c9.fma(x, y);
      c10 = c10.fma(x, y);
      c11 = c11.fma(x, y);
    }
    c0.add(c1)
        .add(c2.add(c3))
        .add(c4.add(c5))
        .add(c6.add(c7))
        .add(c8.add(c9))
        .add(c10.add(c11))
        .intoArray(result, 0);
  }

  private static double gemm(WorkerPool pool) {
    Gemm gemm = new Gemm(pool);
    Matrix a = Matrix.of(new float[M * K], K);
    Matrix b = Matrix.of(new float[N * K], K);
    Matrix c = Matrix.of(new float[M * N], N);
    return 2.0 * M * N * K / medianNanoseconds(() -> gemm.nt(M, N, K, a, b, c, false));
  }

  private static double read(WorkerPool pool) {
    float[] memory = new float[FLOATS];
    int slice = FLOATS / SLICES;
    double nanoseconds =
        medianNanoseconds(
            () ->
                pool.run(
                    SLICES,
                    (index, worker) -> {
                      int from = index * slice;
                      RowMath.dot(memory, from, memory, from + slice / 2, slice / 2);
                    }));
    return (double) FLOATS * Float.BYTES / nanoseconds;
  }

  /** Of the rounds after the first half of the time, in which the JVM compiles. */
  private static double medianNanoseconds(Runnable round) {
    List<Long> times = new ArrayList<>();
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < NANOSECONDS || times.isEmpty()) {
      long start = System.nanoTime();
      round.run();
      if (start - begin > NANOSECONDS / 2) {
        times.add(System.nanoTime() - start);
      }
    }
    Collections.sort(times);
    return times.get(times.size() / 2);
  }
}
