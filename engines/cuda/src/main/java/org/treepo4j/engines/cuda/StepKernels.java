package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import java.util.List;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * What a decoder's step in bf16 does beside plain products and attention: each kernel is what
 * several of {@link RowKernels} and {@link Products} do for many rows, since a step of few rows is
 * bound by launches and by reading weights. The bits of a row do not depend on the others.
 */
final class StepKernels {
  /** Matrices of one {@link #project}. */
  static final int MOST_PROJECTIONS = 3;

  private static final int THREADS = 256;

  private final Kernel project;
  private final Kernel silu;
  private final Kernel gelu;
  private final Kernel place;

  /**
   * The root-mean-square norm of rows, {@code x·inv·(plus + weight)} with {@code inv = 1/√(mean(x²)
   * + eps)}.
   *
   * @param weight {@code F32 [width]}
   * @param plus 1 where a family stores what is to be added to one, else 0
   */
  record Norm(DeviceArray weight, float plus, float eps) {}

  /**
   * A product of normalised rows.
   *
   * @param w {@code BF16 [n × width]}
   * @param bias {@code F32 [n]} or null
   * @param y receives it, {@code BF16 [rows × n]}
   */
  record Projection(int n, DeviceArray w, DeviceArray bias, DeviceArray y) {
    private void require(int rows, int width) {
      w.require("w", BF16, (long) n * width);
      y.require("y", BF16, (long) rows * n);
      if (bias != null) {
        bias.require("bias", F32, n);
      }
    }
  }

  /**
   * Rotary embedding of the first {@code 2·half} numbers of every head; none when {@code half} is
   * 0.
   *
   * @param cosines {@code F32 [positions × half]}
   * @param sines the same
   */
  record Angles(int half, DeviceArray cosines, DeviceArray sines) {
    static final Angles NONE = new Angles(0, null, null);
  }

  /**
   * The keys and values of a layer's cache, {@code BF16 [slots × kvHeads·dim]} each.
   *
   * @param slot of each row's own, {@code I32 [rows]}
   */
  record Cached(DeviceArray slot, DeviceArray keys, DeviceArray values) {}

  StepKernels(Device device) {
    project = device.overlapping("decode", "project");
    silu = device.overlapping("decode", "gated_silu");
    gelu = device.overlapping("decode", "gated_gelu");
    place = device.overlapping("decode", "place");
  }

  /**
   * {@code y = norm(x)·wᵀ + bias}, of one to {@link #MOST_PROJECTIONS} matrices at once.
   *
   * @param x {@code F32 [rows × width]}
   */
  void project(int rows, int width, DeviceArray x, Norm norm, List<Projection> projections) {
    x.require("x", F32, (long) rows * width);
    norm.weight.require("norm", F32, width);
    int blocks = 0;
    for (Projection each : projections) {
      each.require(rows, width);
      blocks += blocks(each.n);
    }
    for (int from = 0; from < rows; from += Products.MOST_ROWS) {
      Object[] arguments = new Object[6 + 4 * MOST_PROJECTIONS];
      arguments[0] = Math.min(Products.MOST_ROWS, rows - from);
      arguments[1] = width;
      arguments[2] = x.from((long) from * width);
      arguments[3] = norm.weight;
      arguments[4] = norm.plus;
      arguments[5] = norm.eps;
      for (int i = 0; i < MOST_PROJECTIONS; i++) {
        boolean there = i < projections.size();
        Projection each = there ? projections.get(i) : null;
        arguments[6 + 4 * i] = there ? each.n : 0;
        arguments[7 + 4 * i] = there ? each.w : null;
        arguments[8 + 4 * i] = there ? each.bias : null;
        arguments[9 + 4 * i] = there ? each.y.from((long) from * each.n) : null;
      }
      project.launch(Grid.of(blocks), THREADS, 0, arguments);
    }
  }

  /**
   * {@code y = f(norm(x)·gateᵀ)·(norm(x)·upᵀ)}.
   *
   * @param x {@code F32 [rows × width]}
   * @param gate {@code BF16 [n × width]}
   * @param up the same
   * @param y {@code BF16 [rows × n]}
   */
  void gated(
      Activation f,
      int rows,
      int n,
      int width,
      DeviceArray x,
      Norm norm,
      DeviceArray gate,
      DeviceArray up,
      DeviceArray y) {
    x.require("x", F32, (long) rows * width);
    norm.weight.require("norm", F32, width);
    gate.require("gate", BF16, (long) n * width);
    up.require("up", BF16, (long) n * width);
    y.require("y", BF16, (long) rows * n);
    for (int from = 0; from < rows; from += Products.MOST_ROWS) {
      (f == Activation.SILU ? silu : gelu)
          .launch(
              Grid.of(blocks(n)),
              THREADS,
              0,
              Math.min(Products.MOST_ROWS, rows - from),
              n,
              width,
              x.from((long) from * width),
              norm.weight,
              norm.plus,
              norm.eps,
              gate,
              up,
              y.from((long) from * n));
    }
  }

  /**
   * Makes queries, keys and values ready for attention: norms of heads, rotary embedding, growth of
   * queries; keys and values go into the cache.
   *
   * @param queryNorm of heads; null for none
   * @param keyNorm the same
   * @param positions {@code I32 [rows]}
   * @param growth what queries are multiplied by, {@code F32 [rows]}; null for nothing
   * @param q {@code BF16 [rows × heads·dim]}, in place
   * @param k {@code BF16 [rows × kvHeads·dim]}
   * @param v the same
   */
  void place(
      AttentionShape shape,
      int rows,
      Norm queryNorm,
      Norm keyNorm,
      DeviceArray positions,
      Angles angles,
      DeviceArray growth,
      Cached cached,
      DeviceArray q,
      DeviceArray k,
      DeviceArray v) {
    positions.require("positions", I32, rows);
    cached.slot.require("slot", I32, rows);
    q.require("q", BF16, (long) rows * shape.querySize());
    k.require("k", BF16, (long) rows * shape.kvSize());
    v.require("v", BF16, (long) rows * shape.kvSize());
    place.launch(
        Grid.of(Kernel.parts((long) rows * (shape.heads() + 2L * shape.kvHeads()), THREADS / 32)),
        THREADS,
        0,
        rows,
        shape.heads(),
        shape.kvHeads(),
        shape.dim(),
        angles.half,
        queryNorm == null ? null : queryNorm.weight,
        keyNorm == null ? null : keyNorm.weight,
        queryNorm == null ? 0f : queryNorm.plus,
        queryNorm == null ? 0f : queryNorm.eps,
        positions,
        angles.cosines,
        angles.sines,
        growth,
        cached.slot,
        q,
        k,
        v,
        cached.keys,
        cached.values);
  }

  /** A block computes 16 rows of a weight. */
  private static int blocks(int n) {
    return Kernel.parts(n, 16);
  }
}
