package org.treepo4j.model.samediff;

import java.lang.ref.Reference;
import java.nio.FloatBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Floats between the Java heap and ND4J. */
final class NativeArrays {
  private static final int CHUNK = 1 << 14;

  private NativeArrays() {}

  /** A native copy, row-major. */
  static INDArray of(float[] values, long... shape) {
    return Nd4j.create(values, shape, 'c');
  }

  static INDArray zeros(long... shape) {
    return Nd4j.create(DataType.FLOAT, shape, 'c');
  }

  /** The elements of a whole row-major array. */
  static float[] toFloats(INDArray array) {
    float[] values = new float[Math.toIntExact(array.length())];
    try {
      buffer(array).get(values);
      return values;
    } finally {
      // The buffer does not keep the memory it shows alive; the array does.
      Reference.reachabilityFence(array);
    }
  }

  /** Adds the elements of a whole row-major array to {@code sum}. */
  static void addTo(float[] sum, INDArray array) {
    float[] chunk = new float[Math.min(CHUNK, sum.length)];
    try {
      FloatBuffer buffer = buffer(array);
      for (int at = 0; at < sum.length; at += chunk.length) {
        int n = Math.min(chunk.length, sum.length - at);
        buffer.get(chunk, 0, n);
        for (int i = 0; i < n; i++) {
          sum[at + i] += chunk[i];
        }
      }
    } finally {
      Reference.reachabilityFence(array);
    }
  }

  /** Writes new values into an array in place, so that every graph that holds it sees them. */
  static void overwrite(INDArray array, float[] values) {
    try (INDArray copy = of(values, array.shape())) {
      array.assign(copy);
    }
  }

  /** The elements of a whole row-major array, valid only while {@code array} is reachable. */
  static FloatBuffer buffer(INDArray array) {
    if (array.ordering() != 'c' || array.isView()) {
      throw new IllegalArgumentException(
          "expected a whole row-major array: " + array.shapeInfoToString());
    }
    return array.data().asNioFloat();
  }
}
