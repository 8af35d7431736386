package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F64;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.engines.cuda.CacheAttention.Paths;
import org.treepo4j.engines.cuda.SamplingKernels.Drawn;
import org.treepo4j.engines.cuda.SamplingKernels.Draws;
import org.treepo4j.engines.cuda.StepKernels.Angles;
import org.treepo4j.engines.cuda.StepKernels.Cached;
import org.treepo4j.engines.cuda.StepKernels.Norm;
import org.treepo4j.engines.cuda.StepKernels.Projection;

/**
 * A decoder's step in bf16 of the kernels alone, recorded as a graph, with random weights that are
 * made on the device: what the chip allows a model of this shape, whatever the engine adds.
 */
final class DecodeFigure {
  private static final float EPS = 1e-6f;

  private final Device device;
  private final Kernels kernels;
  private final Shape shape;
  private final int rows;
  private final int context;
  private final BiFunction<DeviceArray.Type, Long, DeviceArray> make;
  private long weightBytes;

  /** Widths of a model; every layer has weights of its own. */
  record Shape(
      String name,
      int layers,
      int hidden,
      int heads,
      int kvHeads,
      int dim,
      int ffn,
      int vocabulary) {
    static final Shape TINY = new Shape("tiny", 2, 32, 4, 2, 8, 48, 300);
    static final Shape QWEN2_5_0_5B = new Shape("qwen2.5-0.5b", 24, 896, 14, 2, 64, 4864, 151936);
    static final Shape QWEN2_5_7B = new Shape("qwen2.5-7b", 28, 3584, 28, 4, 128, 18944, 152064);
  }

  /**
   * @param rows paths of a step
   * @param context tokens that each sees
   * @param make an array of random numbers that the caller frees
   */
  DecodeFigure(
      Device device,
      Kernels kernels,
      Shape shape,
      int rows,
      int context,
      BiFunction<DeviceArray.Type, Long, DeviceArray> make) {
    this.device = device;
    this.kernels = kernels;
    this.shape = shape;
    this.rows = rows;
    this.context = context;
    this.make = make;
  }

  /** The weights and cache of a layer. */
  private record Layer(
      DeviceArray norm,
      DeviceArray q,
      DeviceArray k,
      DeviceArray v,
      DeviceArray o,
      DeviceArray ffnNorm,
      DeviceArray gate,
      DeviceArray up,
      DeviceArray down,
      DeviceArray keys,
      DeviceArray values) {}

  /** Bytes that a step reads of weights; after {@link #seconds}. */
  long weightBytes() {
    return weightBytes;
  }

  /** Seconds of a step; the median of {@code runs} after the first. */
  double seconds(int runs) {
    AttentionShape attention = new AttentionShape(shape.heads, shape.kvHeads, shape.dim, 0.1f, 0);
    Layer[] layers = new Layer[shape.layers];
    for (int i = 0; i < layers.length; i++) {
      layers[i] = layer(attention);
    }
    DeviceArray embedding = weight(shape.vocabulary, shape.hidden);
    DeviceArray tokens = ints(new int[rows]);
    DeviceArray positions = ints(filled(context - 1));
    int[] path = new int[rows];
    int[] starts = new int[rows + 1];
    int[] slots = new int[rows];
    int[] own = new int[rows];
    for (int row = 0; row < rows; row++) {
      path[row] = row;
      starts[row + 1] = row + 1;
      slots[row] = row * context;
      own[row] = (row + 1) * context - 1;
    }
    DeviceArray lengths = ints(filled(context));
    Paths paths = new Paths(ints(path), lengths, ints(starts), ints(slots), lengths);
    DeviceArray slot = ints(own);
    DeviceArray stream = make.apply(F32, (long) rows * shape.hidden);
    DeviceArray normed = make.apply(BF16, (long) rows * shape.hidden);
    DeviceArray q = make.apply(BF16, (long) rows * attention.querySize());
    DeviceArray k = make.apply(BF16, (long) rows * attention.kvSize());
    DeviceArray v = make.apply(BF16, (long) rows * attention.kvSize());
    DeviceArray out = make.apply(BF16, (long) rows * attention.querySize());
    DeviceArray gated = make.apply(BF16, (long) rows * shape.ffn);
    DeviceArray logits = make.apply(F32, (long) rows * shape.vocabulary);
    DeviceArray angles = make.apply(F32, (long) context * shape.dim / 2);
    Draws draws = draws(path);
    Drawn drawn = Drawn.of(device, rows);
    Angles turns = new Angles(shape.dim / 2, angles, angles);
    Runnable step =
        () -> {
          Products products = kernels.products();
          StepKernels ofStep = kernels.step();
          int hidden = shape.hidden;
          int querySize = attention.querySize();
          int kvSize = attention.kvSize();
          kernels.rows().embed(rows, hidden, tokens, embedding, 1, stream);
          for (Layer layer : layers) {
            ofStep.project(
                rows,
                hidden,
                stream,
                new Norm(layer.norm, 0, EPS),
                List.of(
                    new Projection(querySize, layer.q, null, q),
                    new Projection(kvSize, layer.k, null, k),
                    new Projection(kvSize, layer.v, null, v)));
            Cached cached = new Cached(slot, layer.keys, layer.values);
            ofStep.place(attention, rows, null, null, positions, turns, null, cached, q, k, v);
            kernels
                .cacheAttention()
                .forward(attention, rows, context, 0, paths, q, layer.keys, layer.values, out);
            products.rows(rows, hidden, querySize, out, layer.o, stream, true);
            Norm norm = new Norm(layer.ffnNorm, 0, EPS);
            ofStep.gated(
                Activation.SILU,
                rows,
                shape.ffn,
                hidden,
                stream,
                norm,
                layer.gate,
                layer.up,
                gated);
            products.rows(rows, hidden, shape.ffn, gated, layer.down, stream, true);
          }
          kernels.rows().norm(rows, hidden, stream, layers[0].norm, 0, EPS, normed, null);
          products.rows(rows, shape.vocabulary, hidden, normed, embedding, logits, false);
          kernels.sampler().sample(rows, shape.vocabulary, false, logits, draws, drawn);
        };
    step.run(); // reserves scratch memory
    double[] seconds = new double[runs];
    try (Device.Graph graph = device.capture(step)) {
      graph.launch();
      for (int i = 0; i < runs; i++) {
        seconds[i] = device.seconds(graph::launch);
      }
    }
    device.free(drawn.numbers());
    Arrays.sort(seconds);
    return seconds[runs / 2];
  }

  private Layer layer(AttentionShape attention) {
    int hidden = shape.hidden;
    long cached = (long) rows * context * attention.kvSize();
    return new Layer(
        make.apply(F32, (long) hidden),
        weight(attention.querySize(), hidden),
        weight(attention.kvSize(), hidden),
        weight(attention.kvSize(), hidden),
        weight(hidden, attention.querySize()),
        make.apply(F32, (long) hidden),
        weight(shape.ffn, hidden),
        weight(shape.ffn, hidden),
        weight(hidden, shape.ffn),
        make.apply(BF16, cached),
        make.apply(BF16, cached));
  }

  private DeviceArray weight(int rowCount, int width) {
    DeviceArray weight = make.apply(BF16, (long) rowCount * width);
    weightBytes += weight.bytes();
    return weight;
  }

  private Draws draws(int[] row) {
    int[] allowed = new int[(shape.vocabulary + 31) / 32];
    Arrays.fill(allowed, -1);
    double[] ones = new double[rows];
    Arrays.fill(ones, 1);
    double[] uniform = new Random(rows).doubles(rows).toArray();
    return new Draws(
        ints(row),
        doubles(ones),
        ints(new int[rows]),
        doubles(ones),
        doubles(new double[rows]),
        ints(new int[rows]),
        ints(allowed),
        doubles(uniform));
  }

  private int[] filled(int value) {
    int[] values = new int[rows];
    Arrays.fill(values, value);
    return values;
  }

  private DeviceArray ints(int[] values) {
    DeviceArray array = make.apply(DeviceArray.Type.I32, (long) values.length);
    device.write(array, values, 0, values.length);
    return array;
  }

  private DeviceArray doubles(double[] values) {
    DeviceArray array = make.apply(F64, (long) values.length);
    device.write(array, values, 0, values.length);
    return array;
  }
}
