package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import org.treepo4j.engines.cuda.DecodeFigure.Shape;
import org.treepo4j.engines.cuda.DeviceArray.Type;

/**
 * Rates of the kernels on a real GPU, for {@code bench/gpu-check.sh}: one JSON object a line,
 * {@code {"name": …, "seconds": …, …}}. Every figure is the median of some runs after one that does
 * not count.
 */
final class GpuFigures {
  private static final int RUNS = 7;

  private final Device device;
  private final Kernels kernels;
  private final Path file;
  private final List<DeviceArray> arrays = new ArrayList<>();

  private GpuFigures(Device device, Path file) {
    this.device = device;
    this.file = file;
    this.kernels = Kernels.of(device);
  }

  /**
   * @param arguments the file to append to, and the largest size of square products
   */
  public static void main(String[] arguments) {
    try (Device device = Device.open()) {
      GpuFigures figures = new GpuFigures(device, Path.of(arguments[0]));
      figures.facts();
      int most = Integer.parseInt(arguments[1]);
      for (int size = Math.min(1024, most); size <= most; size *= 2) {
        figures.squares(size);
      }
      figures.copies(Math.min(1 << 28, most << 15));
      figures.decoding(most);
      figures.trees(Math.min(4096, most));
      boolean whole = most >= 4096;
      for (int rows : new int[] {1, 32, 256}) {
        figures.step(whole ? Shape.QWEN2_5_0_5B : Shape.TINY, rows, whole ? 512 : 9);
      }
      if (whole && device.memory().free() > 24L << 30) {
        figures.step(Shape.QWEN2_5_7B, 1, 512);
      }
    }
  }

  private void facts() {
    DeviceFacts facts = device.facts();
    say(
        "{\"name\": \"device\", \"device\": \"%s\", \"capability\": %d, \"driver\": %d,"
            + " \"multiprocessors\": %d, \"memory\": %d, \"bandwidth\": %.4g}",
        facts.name(),
        facts.capability(),
        facts.driver(),
        facts.multiprocessors(),
        facts.memory(),
        facts.bandwidth());
  }

  /** Square products, in operations a second. */
  private void squares(int n) {
    for (Type type : new Type[] {F32, BF16}) {
      DeviceArray a = random(type, (long) n * n);
      DeviceArray b = random(type, (long) n * n);
      DeviceArray c = device.allocate(F32, (long) n * n);
      arrays.add(c);
      List<Products> ways = new ArrayList<>(List.of(kernels.products()));
      if (type == BF16 && WarpgroupProducts.has(device.facts())) {
        ways.add(kernels.training());
      }
      for (Products way : ways) {
        String by = type == F32 ? "fma" : way == kernels.training() ? "wgmma" : "mma";
        rate("nt", by, type, n, () -> way.nt(n, n, n, a, b, c, false));
        rate("nn", by, type, n, () -> way.nn(n, n, n, a, b, c, false));
        rate("tn", by, type, n, () -> way.tn(n, n, n, a, b, c, false));
      }
      free();
    }
  }

  /**
   * @param by instruction
   */
  private void rate(String name, String by, Type type, int n, Runnable product) {
    double seconds = median(product);
    double work = 2.0 * n * n * n;
    say(
        "{\"name\": \"product\", \"kind\": \"%s\", \"by\": \"%s\", \"type\": \"%s\", \"n\": %d,"
            + " \"seconds\": %.4g, \"tflops\": %.4g}",
        name, by, type, n, seconds, work / seconds / 1e12);
  }

  /** What the memory gives, in bytes a second, read and written. */
  private void copies(long numbers) {
    DeviceArray x = random(BF16, numbers);
    DeviceArray y = device.allocate(BF16, numbers);
    arrays.add(y);
    double seconds = median(() -> device.copy(x, y));
    say(
        "{\"name\": \"copy\", \"bytes\": %d, \"seconds\": %.4g, \"bandwidth\": %.4g}",
        2 * x.bytes(), seconds, 2 * x.bytes() / seconds);
    free();
  }

  /** Products of few rows, in bytes of the weight a second: what a decoder is bound by. */
  private void decoding(int most) {
    int width = Math.min(4096, most);
    int out = Math.min(28672, 7 * most);
    DeviceArray w = random(BF16, (long) out * width);
    for (int rows : new int[] {1, 8, 32, 256}) {
      DeviceArray x = random(BF16, (long) rows * width);
      DeviceArray y = device.allocate(BF16, (long) rows * out);
      arrays.add(y);
      double seconds = median(() -> kernels.products().rows(rows, out, width, x, w, y, false));
      say(
          "{\"name\": \"rows\", \"rows\": %d, \"width\": %d, \"out\": %d, \"seconds\": %.4g,"
              + " \"bandwidth\": %.4g}",
          rows, width, out, seconds, w.bytes() / seconds);
    }
    free();
  }

  /** Attention over a chain, forward and backward. */
  private void trees(int rows) {
    AttentionShape shape = new AttentionShape(16, 4, 64, 0.125f, 0);
    int[] parents = IntStream.range(0, rows).map(row -> row - 1).toArray();
    int[] positions = IntStream.range(0, rows).toArray();
    for (Type type : new Type[] {F32, BF16}) {
      DeviceArray q = random(type, (long) rows * shape.querySize());
      DeviceArray k = random(type, (long) rows * shape.kvSize());
      DeviceArray v = random(type, (long) rows * shape.kvSize());
      DeviceArray out = random(type, q.length());
      DeviceArray normalizers = random(F32, 2L * rows * shape.heads());
      DeviceArray delta = random(F32, (long) rows * shape.heads());
      DeviceArray dq = random(type, q.length());
      DeviceArray dk = random(type, k.length());
      DeviceArray dv = random(type, v.length());
      try (TreeTiles tiles = new TreeTiles(device, parents, positions, 0)) {
        TreeAttention attention = kernels.treeAttention();
        double forward = median(() -> attention.forward(shape, tiles, q, k, v, out, normalizers));
        double backward =
            median(
                () ->
                    attention.backward(
                        shape, tiles, q, k, v, out, normalizers, q, delta, dq, dk, dv));
        double work = 2.0 * rows * rows * shape.querySize();
        say(
            "{\"name\": \"attention\", \"type\": \"%s\", \"rows\": %d, \"forward\": %.4g,"
                + " \"backward\": %.4g, \"forwardTflops\": %.4g, \"backwardTflops\": %.4g}",
            type, rows, forward, backward, work / forward / 1e12, 2.5 * work / backward / 1e12);
      }
      free();
    }
  }

  /** A decoder's step, in bytes of the weights a second. */
  private void step(Shape shape, int rows, int context) {
    DecodeFigure figure = new DecodeFigure(device, kernels, shape, rows, context, this::random);
    double seconds = figure.seconds(RUNS);
    say(
        "{\"name\": \"decode\", \"shape\": \"%s\", \"rows\": %d, \"context\": %d,"
            + " \"seconds\": %.4g, \"weightBytes\": %d, \"bandwidth\": %.4g}",
        shape.name(), rows, context, seconds, figure.weightBytes(), figure.weightBytes() / seconds);
    free();
  }

  private DeviceArray random(Type type, long n) {
    if (type != F32 && type != BF16) {
      DeviceArray array = device.allocate(type, n);
      arrays.add(array);
      return array;
    }
    // A block of numbers, copied on: how they repeat does not matter for speed.
    int block = (int) Math.min(n, 1 << 16);
    Random random = new Random(n);
    float[] values = new float[block];
    for (int i = 0; i < block; i++) {
      values[i] = (float) random.nextGaussian();
    }
    DeviceArray numbers = device.upload(values);
    DeviceArray array = device.allocate(type, n);
    for (long at = 0; at < n; at += block) {
      kernels.rows().convert(Math.min(block, n - at), numbers, array.from(at));
    }
    device.free(numbers);
    arrays.add(array);
    return array;
  }

  private void free() {
    arrays.forEach(device::free);
    arrays.clear();
  }

  private double median(Runnable work) {
    work.run();
    double[] seconds = new double[RUNS];
    for (int i = 0; i < RUNS; i++) {
      seconds[i] = device.seconds(work);
    }
    Arrays.sort(seconds);
    return seconds[RUNS / 2];
  }

  private void say(String format, Object... values) {
    String line = String.format(Locale.ROOT, format, values) + "\n";
    try { // at once, so that it is there when a later figure fails
      Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
