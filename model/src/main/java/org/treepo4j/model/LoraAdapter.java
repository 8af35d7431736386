package org.treepo4j.model;

import java.util.Random;
import java.util.stream.IntStream;
import org.treepo4j.checkpoints.PeftAdapter;

/**
 * A frozen matrix with a low-rank adapter: {@code W = base + scale · B · A}, W [out, in], A [rank,
 * in], B [out, rank]. An engine may compute base and adapter apart, or the {@linkplain #copyMerged
 * merged} matrix, whose gradient {@link #addGradient} brings to A and B.
 */
public final class LoraAdapter {
  private final String matrix;
  private final FrozenBase base;
  private final Parameter a;
  private final Parameter b;
  private final int out;
  private final int in;
  private final int rank;
  private final double exactScale;
  private final float scale;

  /**
   * @param matrix name of the adapted matrix
   * @param shape its shape, [out, in]
   * @param module its name in PEFT's files without the ending
   */
  LoraAdapter(
      String matrix,
      int[] shape,
      FrozenBase base,
      String module,
      LoraSettings settings,
      long seed) {
    this.matrix = matrix;
    this.base = base;
    this.out = shape[0];
    this.in = shape[1];
    this.rank = settings.rank();
    this.exactScale = settings.scale();
    this.scale = (float) exactScale;
    this.a =
        new Parameter(
            module + ".lora_A.weight", new int[] {rank, in}, uniform(rank, in, seed), true);
    this.b =
        new Parameter(
            module + ".lora_B.weight", new int[] {out, rank}, new float[out * rank], true);
  }

  /** PEFT's start for A: Kaiming uniform with a = √5, which is ±1/√in; B starts at 0. */
  private static float[] uniform(int rank, int in, long seed) {
    Random random = new Random(seed);
    double bound = 1 / Math.sqrt(in);
    float[] values = new float[Math.multiplyExact(rank, in)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (bound * (2 * random.nextDouble() - 1));
    }
    return values;
  }

  /** Name of the adapted matrix. */
  String matrix() {
    return matrix;
  }

  /** The frozen matrix, [out, in]. */
  public FrozenBase base() {
    return base;
  }

  /** A, [rank, in]. */
  public Parameter a() {
    return a;
  }

  /** B, [out, rank]. */
  public Parameter b() {
    return b;
  }

  public int rank() {
    return rank;
  }

  /** What the product {@code B · A} counts. */
  public float scale() {
    return scale;
  }

  PeftAdapter.Pair toPeft() {
    return new PeftAdapter.Pair(matrix, out, in, a.values(), b.values(), exactScale);
  }

  void requireShape(PeftAdapter.Pair stored) {
    if (stored.out() != out || stored.in() != in) {
      throw new IllegalArgumentException(
          "adapter of %s must be for [%d, %d], was for [%d, %d]"
              .formatted(matrix, out, in, stored.out(), stored.in()));
    }
  }

  void load(PeftAdapter.Pair stored) {
    System.arraycopy(stored.a(), 0, a.values(), 0, a.values().length);
    System.arraycopy(stored.b(), 0, b.values(), 0, b.values().length);
  }

  /** Writes row {@code row} of {@code base + scale · B · A} into {@code to} from {@code at} on. */
  public void copyMerged(int row, float[] to, int at) {
    base.copyTo(row * in, to, at, in);
    for (int r = 0; r < rank; r++) {
      addScaled(scale * b.values()[row * rank + r], a.values(), r * in, to, at, in);
    }
  }

  /** Writes {@code base + scale · B · A} into an array, [out, in], on all processors. */
  public void copyMerged(float[] to) {
    IntStream.range(0, out).parallel().forEach(row -> copyMerged(row, to, row * in));
  }

  /**
   * {@code W ← W + scale · B · A} of a stored pair, as {@link #copyMerged(int, float[], int)} does
   * it.
   */
  static void merge(PeftAdapter.Pair stored, Parameter weight) {
    int rank = stored.rank();
    int in = stored.in();
    float scale = (float) stored.scale();
    for (int o = 0; o < stored.out(); o++) {
      for (int r = 0; r < rank; r++) {
        float factor = scale * stored.b()[o * rank + r];
        addScaled(factor, stored.a(), r * in, weight.values(), o * in, in);
      }
    }
  }

  /**
   * {@code dA += scale · Bᵀ · dW}, {@code dB += scale · dW · Aᵀ}.
   *
   * @param dWeight gradient of the merged matrix, [out, in]
   */
  public void addGradient(float[] dWeight) {
    float[] down = a.values();
    float[] up = b.values();
    float[] dDown = a.gradient();
    float[] dUp = b.gradient();
    for (int o = 0; o < out; o++) {
      for (int r = 0; r < rank; r++) {
        dUp[o * rank + r] += scale * dot(dWeight, o * in, down, r * in, in);
        addScaled(scale * up[o * rank + r], dWeight, o * in, dDown, r * in, in);
      }
    }
  }

  private static void addScaled(
      float factor, float[] from, int fromOffset, float[] to, int toOffset, int length) {
    for (int i = 0; i < length; i++) {
      to[toOffset + i] += factor * from[fromOffset + i];
    }
  }

  /** Four running sums, for the compiler keeps the order of one. */
  private static float dot(float[] x, int xOffset, float[] y, int yOffset, int length) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int i = 0;
    for (; i + 3 < length; i += 4) {
      s0 += x[xOffset + i] * y[yOffset + i];
      s1 += x[xOffset + i + 1] * y[yOffset + i + 1];
      s2 += x[xOffset + i + 2] * y[yOffset + i + 2];
      s3 += x[xOffset + i + 3] * y[yOffset + i + 3];
    }
    for (; i < length; i++) {
      s0 += x[xOffset + i] * y[yOffset + i];
    }
    return s0 + s1 + s2 + s3;
  }
}
