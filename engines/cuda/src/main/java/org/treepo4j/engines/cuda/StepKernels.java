package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import java.util.Arrays;
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

  /** Rows of which a block needs the fewest registers, so that more blocks run at once. */
  private static final int EIGHT = 8;

  private final Device device;
  private final Kernel project;
  private final Kernel projectMany;
  private final Gated silu;
  private final Gated gelu;
  private final Kernel normed;
  private final Kernel place;

  /** Many rows by their norm's weight, {@code BF16 [rows × width]}. */
  private DeviceArray z;

  /** Inverses of their sizes, {@code F32 [rows]}. */
  private DeviceArray inverse;

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

  /** Kernels of a gated activation, by how many rows there are. */
  private record Gated(Kernel eight, Kernel few, Kernel many) {
    static Gated of(Device device, String f) {
      return new Gated(
          device.overlapping("decode", "gated_eight_" + f),
          device.overlapping("decode", "gated_" + f),
          device.overlapping("decode", "gated_many_" + f));
    }
  }

  StepKernels(Device device) {
    this.device = device;
    project = device.overlapping("decode", "project");
    projectMany = device.overlapping("decode", "project_many");
    silu = Gated.of(device, "silu");
    gelu = Gated.of(device, "gelu");
    normed = device.overlapping("decode", "normed");
    place = device.overlapping("cache", "place");
  }

  /** Reserves scratch memory, so that a recorded step need not. */
  void reserve(int rows, int width) {
    if (rows > Products.MOST_ROWS) {
      z = device.atLeast(z, BF16, (long) rows * width);
      inverse = device.atLeast(inverse, F32, rows);
    }
  }

  /**
   * {@code y = norm(x)·wᵀ + bias}, of one to {@link #MOST_PROJECTIONS} matrices at once.
   *
   * @param x {@code F32 [rows × width]}
   */
  void project(int rows, int width, DeviceArray x, Norm norm, List<Projection> projections) {
    x.require("x", F32, (long) rows * width);
    norm.weight.require("norm", F32, width);
    boolean many = true;
    for (Projection each : projections) {
      each.require(rows, width);
      many &= takesMany(rows, width, x, norm, each.w);
    }
    if (many) {
      applyNorm(rows, width, x, norm);
      long blocks = projections.stream().mapToLong(p -> Products.manyBlocks(rows, p.n)).sum();
      Object[] begin = {rows, width, z, inverse};
      projectMany.launch(Grid.of(blocks), THREADS, 0, arguments(begin, projections, 0));
      return;
    }
    long blocks = projections.stream().mapToLong(p -> fewBlocks(p.n)).sum();
    for (int from = 0; from < rows; from += Products.MOST_ROWS) {
      int count = Math.min(Products.MOST_ROWS, rows - from);
      DeviceArray some = x.from((long) from * width);
      Object[] begin = {count, width, some, norm.weight, norm.plus, norm.eps};
      project.launch(Grid.of(blocks), THREADS, 0, arguments(begin, projections, from));
    }
  }

  private static Object[] arguments(Object[] begin, List<Projection> projections, int fromRow) {
    Object[] all = Arrays.copyOf(begin, begin.length + 4 * MOST_PROJECTIONS);
    for (int i = 0; i < MOST_PROJECTIONS; i++) {
      int at = begin.length + 4 * i;
      Projection each = i < projections.size() ? projections.get(i) : null;
      all[at] = each == null ? 0 : each.n;
      if (each != null) {
        all[at + 1] = each.w;
        all[at + 2] = each.bias;
        all[at + 3] = each.y.from((long) fromRow * each.n);
      }
    }
    return all;
  }

  private static boolean takesMany(int rows, int width, DeviceArray x, Norm norm, DeviceArray w) {
    boolean wide = x.isWide() && norm.weight.isWide();
    return wide && Products.takesMany(rows, width, w, w);
  }

  /** Fills {@link #z} and {@link #inverse}. */
  private void applyNorm(int rows, int width, DeviceArray x, Norm norm) {
    reserve(rows, width);
    Grid grid = Grid.of(Kernel.parts(rows, THREADS / 32));
    normed.launch(grid, THREADS, 0, rows, width, x, norm.weight, norm.plus, norm.eps, z, inverse);
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
    Gated kernels = f == Activation.SILU ? silu : gelu;
    if (takesMany(rows, width, x, norm, gate) && up.isWide()) {
      applyNorm(rows, width, x, norm);
      Grid grid = Grid.of(Products.manyBlocks(rows, n));
      kernels.many.launch(grid, THREADS, 0, rows, n, width, z, inverse, gate, up, y);
      return;
    }
    for (int from = 0; from < rows; from += Products.MOST_ROWS) {
      int count = Math.min(Products.MOST_ROWS, rows - from);
      DeviceArray some = x.from((long) from * width);
      DeviceArray to = y.from((long) from * n);
      (count <= EIGHT ? kernels.eight : kernels.few)
          .launch(
              Grid.of(fewBlocks(n)),
              THREADS,
              0,
              count,
              n,
              width,
              some,
              norm.weight,
              norm.plus,
              norm.eps,
              gate,
              up,
              to);
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

  private static int fewBlocks(int n) {
    return Kernel.parts(n, Products.FEW_BLOCK);
  }
}
