package org.treepo4j.engines.cuda;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import org.treepo4j.engines.cuda.DeviceArray.Type;

/** Copies between the host's arrays and a device, in the order of its stream, by pinned memory. */
final class Transfers implements AutoCloseable {
  private static final int STAGING = 4 << 20;

  private final Pointer stream;

  /** Pinned memory: one half for either direction. */
  private final Pointer staging;

  /** Bytes of the first half that copies in flight may still read. */
  private long staged;

  Transfers(Pointer stream) {
    this.stream = stream;
    PointerByReference made = new PointerByReference();
    Driver.check("cuMemAllocHost", Driver.cuMemAllocHost_v2(made, 2L * STAGING));
    staging = made.getValue();
  }

  /** Copies {@code values[from..from + count)} to the array's beginning. */
  void write(DeviceArray to, float[] values, int from, int count) {
    to.require("target", Type.F32, count);
    copyIn(to, count, (memory, at, i, n) -> memory.write(at, values, from + i, n));
  }

  void write(DeviceArray to, int[] values, int from, int count) {
    to.require("target", Type.I32, count);
    copyIn(to, count, (memory, at, i, n) -> memory.write(at, values, from + i, n));
  }

  void write(DeviceArray to, double[] values, int from, int count) {
    to.require("target", Type.F64, count);
    copyIn(to, count, (memory, at, i, n) -> memory.write(at, values, from + i, n));
  }

  /** Copies the bits of bf16 numbers. */
  void write(DeviceArray to, short[] values, int from, int count) {
    to.require("target", Type.BF16, count);
    copyIn(to, count, (memory, at, i, n) -> memory.write(at, values, from + i, n));
  }

  /** Copies the array's beginning to {@code values[from..from + count)}, when it is computed. */
  void read(DeviceArray from, float[] values, int to, int count) {
    from.require("source", Type.F32, count);
    copyOut(from, count, (memory, at, i, n) -> memory.read(at, values, to + i, n));
  }

  void read(DeviceArray from, int[] values, int to, int count) {
    from.require("source", Type.I32, count);
    copyOut(from, count, (memory, at, i, n) -> memory.read(at, values, to + i, n));
  }

  void read(DeviceArray from, double[] values, int to, int count) {
    from.require("source", Type.F64, count);
    copyOut(from, count, (memory, at, i, n) -> memory.read(at, values, to + i, n));
  }

  void read(DeviceArray from, short[] values, int to, int count) {
    from.require("source", Type.BF16, count);
    copyOut(from, count, (memory, at, i, n) -> memory.read(at, values, to + i, n));
  }

  /** Moves {@code n} numbers from {@code i} on between pinned memory at {@code at} and an array. */
  private interface Move {
    void run(Pointer memory, long at, int i, int n);
  }

  private void copyIn(DeviceArray to, int count, Move move) {
    int bytes = to.type().bytes();
    int most = STAGING / bytes;
    for (int i = 0; i < count; i += most) {
      int n = Math.min(most, count - i);
      if (staged + (long) n * bytes > STAGING) {
        synchronize();
      }
      move.run(staging, staged, i, n);
      Driver.check(
          "cuMemcpyHtoD",
          Driver.cuMemcpyHtoDAsync_v2(
              to.address() + (long) i * bytes, staging.share(staged), (long) n * bytes, stream));
      staged += ((long) n * bytes + 15) / 16 * 16;
    }
  }

  private void copyOut(DeviceArray from, int count, Move move) {
    int bytes = from.type().bytes();
    int most = STAGING / bytes;
    for (int i = 0; i < count; i += most) {
      int n = Math.min(most, count - i);
      Driver.check(
          "cuMemcpyDtoH",
          Driver.cuMemcpyDtoHAsync_v2(
              staging.share(STAGING), from.address() + (long) i * bytes, (long) n * bytes, stream));
      synchronize();
      move.run(staging, STAGING, i, n);
    }
  }

  /** Waits until everything on the stream is done. */
  void synchronize() {
    Driver.check("cuStreamSynchronize", Driver.cuStreamSynchronize(stream));
    staged = 0;
  }

  @Override
  public void close() {
    Driver.cuMemFreeHost(staging);
  }
}
