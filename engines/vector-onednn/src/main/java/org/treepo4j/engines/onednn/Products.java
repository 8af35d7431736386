package org.treepo4j.engines.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.dnnl_BA16a64b;
import static org.bytedeco.dnnl.global.dnnl.dnnl_BA16a64b2a;
import static org.bytedeco.dnnl.global.dnnl.dnnl_ab;
import static org.bytedeco.dnnl.global.dnnl.dnnl_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu;
import static org.bytedeco.dnnl.global.dnnl.dnnl_engine_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_engine_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_matmul_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_tag;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_set_data_handle;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_default_flags;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_destroy;

import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.treepo4j.model.engine.WeightStorage;

/**
 * The products of one thread, each made when it is first met: oneDNN compiles a kernel for every
 * shape, so numbers of rows are rounded up to some. A thread has its own, since what oneDNN puts
 * aside while it computes belongs to the thread that made the product.
 */
final class Products {
  /** Of one call; more rows are several. */
  static final int MOST_ROWS = 256;

  /** Rows up to which every number has products of its own. */
  private static final int FEW_ROWS = 4;

  private static final int ALIGNMENT = 64;
  private static final Cleaner CLEANER = Cleaner.create();

  /**
   * A product of {@code [rows × in]} with {@code [in × out]}.
   *
   * @param storage type of both factors; the result is float32
   */
  record Shape(WeightStorage storage, int rows, int out, int in) {}

  private final Handles handles = new Handles();
  private final Address address = new Address();
  private BytePointer result = new BytePointer();
  private FloatBuffer resultNumbers = FloatBuffer.allocate(0);
  private float[] addend = new float[0];

  Products() {
    CLEANER.register(this, handles::destroy);
  }

  /** The number of rows that is computed for so many: an eighth to a quarter more at most. */
  static int padded(int rows) {
    if (rows <= FEW_ROWS) {
      return rows;
    }
    int step = Math.max(2, Integer.highestOneBit(rows - 1) / 4);
    return (rows + step - 1) / step * step;
  }

  /**
   * Computes a product; {@link #copyRow} fetches it.
   *
   * @param x address of {@code [rows × in]}
   * @param weights address of whole panels
   */
  void multiply(Shape shape, long x, long weights) {
    long bytes = (long) Float.BYTES * shape.rows() * shape.out();
    if (result.capacity() < bytes) {
      result = allocate(bytes);
      resultNumbers =
          buffer(result, 0, result.capacity()).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }
    Product product = handles.product(shape);
    check(dnnl_memory_set_data_handle(product.x, address.at(x)), "input");
    check(dnnl_memory_set_data_handle(product.weights, address.at(weights)), "weights");
    check(dnnl_memory_set_data_handle(product.y, address.at(result.address())), "result");
    check(dnnl_primitive_execute(product.primitive, handles.stream, 3, product.arguments), shape);
  }

  /** Copies or adds a row of the last result. */
  void copyRow(int row, int out, float[] y, int at, boolean add) {
    if (!add) {
      resultNumbers.get(row * out, y, at, out);
      return;
    }
    if (addend.length < out) {
      addend = new float[out];
    }
    resultNumbers.get(row * out, addend, 0, out);
    for (int i = 0; i < out; i++) {
      y[at + i] += addend[i];
    }
  }

  /** Memory outside the heap that begins with a cache line. */
  static BytePointer allocate(long bytes) {
    BytePointer raw = new BytePointer(bytes + ALIGNMENT);
    long gap = (ALIGNMENT - raw.address() % ALIGNMENT) % ALIGNMENT;
    return raw.getPointer(BytePointer.class, gap).capacity(bytes);
  }

  static ByteBuffer buffer(BytePointer memory, long from, long bytes) {
    return memory.getPointer(BytePointer.class, from).capacity(bytes).asByteBuffer();
  }

  private static void check(int status, Object what) {
    if (status != 0) {
      throw new IllegalStateException("oneDNN refused " + what + " with status " + status);
    }
  }

  /** A place in memory that belongs to somebody else. */
  private static final class Address extends Pointer {
    Address() {
      super((Pointer) null);
    }

    Address at(long place) {
      address = place;
      return this;
    }
  }

  private record Product(
      dnnl_primitive primitive,
      dnnl_memory x,
      dnnl_memory weights,
      dnnl_memory y,
      dnnl_exec_arg_t arguments) {}

  /** What is oneDNN's, to be given back when its thread is gone. */
  private static final class Handles {
    private final dnnl_engine engine = new dnnl_engine();
    private final dnnl_stream stream = new dnnl_stream();
    private final Map<Shape, Product> products = new HashMap<>();

    Handles() {
      check(dnnl_engine_create(engine, dnnl_cpu, 0), "an engine");
      check(dnnl_stream_create(stream, engine, dnnl_stream_default_flags), "a stream");
    }

    Product product(Shape shape) {
      Product known = products.get(shape);
      if (known == null) {
        known = create(shape);
        products.put(shape, known);
      }
      return known;
    }

    private Product create(Shape shape) {
      boolean half = shape.storage() == WeightStorage.BF16;
      int type = half ? dnnl_bf16 : dnnl_f32;
      dnnl_memory_desc x = layout(shape.rows(), shape.in(), type, dnnl_ab);
      dnnl_memory_desc weights =
          layout(shape.in(), shape.out(), type, half ? dnnl_BA16a64b2a : dnnl_BA16a64b);
      dnnl_memory_desc y = layout(shape.rows(), shape.out(), dnnl_f32, dnnl_ab);
      dnnl_primitive_desc description = new dnnl_primitive_desc();
      check(
          dnnl_matmul_primitive_desc_create(description, engine, x, weights, null, y, null), shape);
      dnnl_primitive primitive = new dnnl_primitive();
      check(dnnl_primitive_create(primitive, description), shape);
      dnnl_primitive_desc_destroy(description);
      Product made =
          new Product(primitive, memory(x), memory(weights), memory(y), new dnnl_exec_arg_t(3));
      argument(made.arguments, 0, DNNL_ARG_SRC, made.x);
      argument(made.arguments, 1, DNNL_ARG_WEIGHTS, made.weights);
      argument(made.arguments, 2, DNNL_ARG_DST, made.y);
      made.arguments.position(0);
      return made;
    }

    private static dnnl_memory_desc layout(int rows, int columns, int type, int tag) {
      dnnl_memory_desc layout = new dnnl_memory_desc();
      long[] sizes = {rows, columns};
      check(dnnl_memory_desc_create_with_tag(layout, 2, sizes, type, tag), "a layout");
      return layout;
    }

    private dnnl_memory memory(dnnl_memory_desc layout) {
      dnnl_memory memory = new dnnl_memory();
      check(dnnl_memory_create(memory, layout, engine, null), "memory");
      dnnl_memory_desc_destroy(layout);
      return memory;
    }

    private static void argument(
        dnnl_exec_arg_t arguments, int index, int kind, dnnl_memory memory) {
      arguments.position(index).arg(kind).memory(memory);
    }

    void destroy() {
      for (Product product : products.values()) {
        dnnl_primitive_destroy(product.primitive);
        dnnl_memory_destroy(product.x);
        dnnl_memory_destroy(product.weights);
        dnnl_memory_destroy(product.y);
      }
      dnnl_stream_destroy(stream);
      dnnl_engine_destroy(engine);
    }
  }
}
