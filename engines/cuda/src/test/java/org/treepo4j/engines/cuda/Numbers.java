package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.treepo4j.engines.cuda.DeviceArray.Type;

/** Inputs and comparisons of kernels; everything on the device is freed by {@link #close}. */
final class Numbers implements AutoCloseable {
  /** A float32 sum of some hundred numbers of unit size. */
  static final double ROUNDING = 5e-6;

  /** The same where inputs or the result are bf16, which has eight bits. */
  static final double BF16_ROUNDING = 1.0 / 128;

  private final Device device;
  private final Random random;
  private final List<DeviceArray> arrays = new ArrayList<>();

  Numbers(Device device, Random random) {
    this.device = device;
    this.random = random;
  }

  /** Between both, included. */
  int between(int least, int most) {
    return least + random.nextInt(most - least + 1);
  }

  /** Normal numbers as the type has them. */
  double[] normal(Type type, int n) {
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = rounded(type, (float) random.nextGaussian());
    }
    return x;
  }

  static float rounded(Type type, float value) {
    return type == Type.F32 ? value : Float.intBitsToFloat(bf16(value) << 16);
  }

  /** Bits of the nearest bf16, ties to even. */
  static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }

  /** On the device. */
  DeviceArray put(Type type, double[] x) {
    DeviceArray array = keep(device.allocate(type, x.length));
    if (type == Type.F64) {
      device.write(array, x, 0, x.length);
    } else if (type == Type.F32) {
      float[] values = new float[x.length];
      for (int i = 0; i < x.length; i++) {
        values[i] = (float) x[i];
      }
      device.write(array, values, 0, x.length);
    } else {
      short[] values = new short[x.length];
      for (int i = 0; i < x.length; i++) {
        values[i] = bf16((float) x[i]);
      }
      device.write(array, values, 0, x.length);
    }
    return array;
  }

  DeviceArray put(int... x) {
    return keep(device.upload(x));
  }

  /** An array that nobody has written; the emulator fills it with NaN. */
  DeviceArray poison(Type type, long n) {
    return keep(device.allocate(type, n));
  }

  private DeviceArray keep(DeviceArray array) {
    arrays.add(array);
    return array;
  }

  /** From the device. */
  double[] get(DeviceArray array) {
    int n = (int) array.length();
    double[] x = new double[n];
    if (array.type() == Type.F64) {
      device.read(array, x, 0, n);
      return x;
    }
    float[] floats = new float[n];
    short[] halves = new short[n];
    if (array.type() == Type.F32) {
      device.read(array, floats, 0, n);
    } else {
      device.read(array, halves, 0, n);
    }
    for (int i = 0; i < n; i++) {
      x[i] = array.type() == Type.F32 ? floats[i] : Float.intBitsToFloat(halves[i] << 16);
    }
    return x;
  }

  int[] ints(DeviceArray array) {
    int[] x = new int[(int) array.length()];
    device.read(array, x, 0, x.length);
    return x;
  }

  /** The array holds these numbers, up to the rounding of its type for sums of unit size. */
  void assertClose(String what, DeviceArray actual, double[] expected) {
    double rounding = actual.type() == Type.BF16 ? BF16_ROUNDING : ROUNDING;
    assertClose(what, actual, expected, rounding);
  }

  /**
   * @param tolerance relative to the size of a number or, for small ones, to the root mean square
   *     of all: that is the size of what cancels in them
   */
  void assertClose(String what, DeviceArray actual, double[] expected, double tolerance) {
    double[] got = get(actual);
    assertThat(got).as(what).hasSize(expected.length);
    double squares = 0;
    for (double value : expected) {
      squares += value * value;
    }
    double size = Math.sqrt(squares / Math.max(1, expected.length));
    for (int i = 0; i < got.length; i++) {
      double limit = tolerance * (Math.abs(expected[i]) + size + 1e-30);
      assertThat(got[i]).as(what + "[" + i + "]").isCloseTo(expected[i], within(limit));
    }
  }

  /**
   * The same, and errors are small as a whole.
   *
   * @param mean root of the mean square of the errors, relative to that of the numbers
   */
  void assertClose(
      String what, DeviceArray actual, double[] expected, double tolerance, double mean) {
    assertClose(what, actual, expected, tolerance);
    double[] got = get(actual);
    double errors = 0;
    double squares = 0;
    for (int i = 0; i < got.length; i++) {
      errors += (got[i] - expected[i]) * (got[i] - expected[i]);
      squares += expected[i] * expected[i];
    }
    // Where all cancels, as for one row, there is nothing to be relative to.
    double limit = mean * Math.max(Math.sqrt(squares), 0.1 * Math.sqrt(got.length));
    assertThat(Math.sqrt(errors)).as("errors of " + what).isLessThan(limit);
  }

  @Override
  public void close() {
    arrays.forEach(device::free);
  }
}
