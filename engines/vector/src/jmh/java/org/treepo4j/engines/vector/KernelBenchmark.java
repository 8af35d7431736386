package org.treepo4j.engines.vector;

import org.treepo4j.model.engine.RowTargets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.model.TokenTree;

/**
 * Times of the kernels at sizes of the {@code medium} shape, 2,048 tokens. Run with {@code mvn -pl
 * model -am -Pjmh verify -DskipTests}; see docs/performance.md.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xmx3g", "--add-modules", "jdk.incubator.vector"})
public class KernelBenchmark {
  private static final int ROWS = 2048;
  private static final int WIDTH = 256;
  private static final int FFN = 768;
  private static final int VOCABULARY = 2048;
  private static final HeadShape HEADS = new HeadShape(8, 4, 32, 32, 0.18f, 0);

  @Param({"2"})
  public int threads;

  private WorkerPool pool;
  private Gemm gemm;
  private TreeLayout tree;
  private float[] x;
  private float[] w;
  private float[] y;
  private float[] gate;
  private float[] up;
  private float[] k;
  private float[] v;
  private float[] dq;
  private float[] dk;
  private float[] dv;
  private final SoftmaxLanes.Normalizers normalizers = new SoftmaxLanes.Normalizers();
  private float[] inverse;

  @Setup
  public void setUp() {
    pool = new WorkerPool(threads);
    gemm = new Gemm(pool);
    Random random = new Random(1);
    x = random(ROWS * WIDTH, random);
    w = random(FFN * WIDTH, random);
    y = random(ROWS * FFN, random);
    gate = random(ROWS * FFN, random);
    up = random(ROWS * FFN, random);
    k = random(ROWS * HEADS.kvSize(), random);
    v = random(ROWS * HEADS.kvSize(), random);
    dq = new float[ROWS * WIDTH];
    dk = new float[ROWS * HEADS.kvSize()];
    dv = new float[ROWS * HEADS.kvSize()];
    normalizers.reserve(ROWS * HEADS.heads());
    inverse = new float[ROWS];
    // A prompt of 128 tokens, then branches of 64 from its end and from one another.
    int[] parents = new int[ROWS];
    for (int i = 0; i < ROWS; i++) {
      boolean branches = i >= 128 && i % 64 == 0;
      parents[i] = branches ? 64 * (1 + random.nextInt(i / 64 - 1)) + 63 : i - 1;
    }
    tree = new TreeLayout(List.of(TokenTree.of(new int[ROWS], parents)));
  }

  @TearDown
  public void tearDown() {
    pool.close();
  }

  @Benchmark
  public void gemmNt() {
    gemm.nt(
        ROWS, FFN, WIDTH, Matrix.of(x, WIDTH), Matrix.of(w, WIDTH), Matrix.of(y, FFN), false);
  }

  @Benchmark
  public void gemmNn() {
    gemm.nn(
        ROWS, WIDTH, FFN, Matrix.of(gate, FFN), Matrix.of(w, WIDTH), Matrix.of(x, WIDTH), false);
  }

  @Benchmark
  public void gemmTn() {
    Arrays.fill(w, 0f);
    gemm.tn(
        FFN, WIDTH, ROWS, Matrix.of(gate, FFN), Matrix.of(x, WIDTH), Matrix.of(w, WIDTH), true);
  }

  @Benchmark
  public void rmsNorm() {
    new RmsNorm(pool, 1e-6).forward(ROWS, WIDTH, x, w, y, inverse);
  }

  @Benchmark
  public void swiGlu() {
    GatedActivation.of(Activation.SILU, pool).forward(ROWS * FFN, gate, up, y);
  }

  @Benchmark
  public void treeAttentionForward() {
    new TreeAttention(pool, HEADS).forward(tree, 0, x, k, v, y, normalizers);
  }

  @Benchmark
  public void treeAttentionForwardAndBackward() {
    TreeAttention attention = new TreeAttention(pool, HEADS);
    attention.forward(tree, 0, x, k, v, y, normalizers);
    attention.backward(tree, 0, x, k, v, y, normalizers, gate, dq, dk, dv);
  }

  @Benchmark
  public float[] vocabularyHead() {
    Scores scores = new Scores();
    new VocabularyHead(pool, gemm, WIDTH, VOCABULARY, LogitShape.PLAIN)
        .forward(ROWS, x, y, new RowTargets(tree.order()), 1f, scores);
    return scores.logprobs();
  }

  /** The price of a parallel loop with nothing in it. */
  @Benchmark
  public void emptyLoop() {
    pool.run(2 * threads, (index, worker) -> {});
  }

  private static float[] random(int size, Random random) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
