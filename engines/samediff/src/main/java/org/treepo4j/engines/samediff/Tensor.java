package org.treepo4j.engines.samediff;

import java.lang.ref.Reference;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.indexer.FloatRawIndexer;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A row-major float32 array of ND4J whose memory is freed by {@link #close}.
 *
 * <p>{@code INDArray.close()} of 1.0.0-M2.1 only marks the array: its memory is given back when the
 * garbage collector finds the Java object, which on a large heap is after gigabytes. On the CPU
 * backend arrays therefore stand in memory of our own; on a GPU, where memory lives on the device,
 * they are ND4J's.
 */
final class Tensor implements AutoCloseable {
  private static final boolean OWN_MEMORY = Nd4jBackends.present() == Nd4jBackends.Kind.CPU;
  private static final int CHUNK = 1 << 14;

  private final INDArray array;
  private final Pointer memory;

  private Tensor(INDArray array, Pointer memory) {
    this.array = array;
    this.memory = memory;
  }

  /** An array with whatever its memory holds. */
  static Tensor uninitialized(long... shape) {
    long length = 1;
    for (long dimension : shape) {
      length = Math.multiplyExact(length, dimension);
    }
    if (!OWN_MEMORY || length == 0) {
      return new Tensor(Nd4j.createUninitializedDetached(DataType.FLOAT, shape), null);
    }
    FloatPointer memory = new FloatPointer(length);
    DataBuffer buffer =
        Nd4j.createBuffer(memory, DataType.FLOAT, length, FloatRawIndexer.create(memory));
    return new Tensor(Nd4j.create(buffer, shape, Nd4j.getStrides(shape, 'c'), 0, 'c'), memory);
  }

  /** A copy of values that stand row-major. */
  static Tensor of(float[] values, long... shape) {
    if (!OWN_MEMORY) {
      return new Tensor(Nd4j.create(values, shape, 'c'), null);
    }
    Tensor tensor = uninitialized(shape);
    tensor.buffer().put(values);
    return tensor;
  }

  static Tensor zeros(long... shape) {
    Tensor tensor = uninitialized(shape);
    tensor.array.assign(0);
    return tensor;
  }

  /** What ND4J computes with; not to be used after {@link #close}. */
  INDArray array() {
    return array;
  }

  /** The elements. */
  float[] toFloats() {
    float[] values = new float[Math.toIntExact(array.length())];
    try {
      buffer().get(values);
      return values;
    } finally {
      // A buffer does not keep the memory it shows alive; the tensor does.
      Reference.reachabilityFence(this);
    }
  }

  /** Adds the elements to {@code sum}. */
  void addTo(float[] sum) {
    float[] chunk = new float[Math.min(CHUNK, sum.length)];
    try {
      FloatBuffer buffer = buffer();
      for (int at = 0; at < sum.length; at += chunk.length) {
        int n = Math.min(chunk.length, sum.length - at);
        buffer.get(chunk, 0, n);
        for (int i = 0; i < n; i++) {
          sum[at + i] += chunk[i];
        }
      }
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Writes new values in place, so that every graph that holds the array sees them. */
  void overwrite(float[] values) {
    try (Tensor copy = of(values, array.shape())) {
      array.assign(copy.array);
    }
  }

  /** Rows {@code from..to} of a matrix, a view that shares its memory. */
  INDArray rows(int from, int to) {
    return array.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
  }

  /** The elements, valid only while the tensor is reachable and open. */
  FloatBuffer buffer() {
    return array.data().asNioFloat();
  }

  @Override
  public void close() {
    array.close();
    if (memory != null) {
      memory.deallocate();
    }
  }
}
