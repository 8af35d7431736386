package org.treepo4j.engines.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;

/** Hands kernels and their arguments to the driver, on one stream. */
final class Launcher {
  private static final int MOST_ARGUMENTS = 32;

  /** Compute capability and driver from which on launches overlap, in graphs too: CUDA 12.4. */
  private static final int OVERLAP_CAPABILITY = 90;

  private static final int OVERLAP_DRIVER = 12040;

  /** CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION. */
  private static final int OVERLAP_ATTRIBUTE = 6;

  private final Pointer stream;
  private final boolean overlaps;
  private final Memory arguments = new Memory(8L * MOST_ARGUMENTS);
  private final Memory pointers = new Memory(8L * MOST_ARGUMENTS);

  /** A CUlaunchConfig with one CUlaunchAttribute, as cuda.h has them. */
  private final Memory early = new Memory(56);

  private final Memory earlyAttribute = new Memory(72);

  Launcher(Pointer stream, DeviceFacts facts) {
    this.stream = stream;
    this.overlaps = facts.capability() >= OVERLAP_CAPABILITY && facts.driver() >= OVERLAP_DRIVER;
    for (int i = 0; i < MOST_ARGUMENTS; i++) {
      pointers.setPointer(8L * i, arguments.share(8L * i));
    }
    earlyAttribute.clear();
    earlyAttribute.setInt(0, OVERLAP_ATTRIBUTE);
    earlyAttribute.setInt(8, 1);
    early.clear();
    early.setPointer(32, stream);
    early.setPointer(40, earlyAttribute);
    early.setInt(48, 1);
  }

  /**
   * @param name in messages
   * @param mayBeginEarly whether it may begin before the kernel before has ended, where the device
   *     has that
   * @param shared bytes of dynamic shared memory of a block
   */
  void launch(
      String name,
      Pointer function,
      boolean mayBeginEarly,
      Kernel.Grid grid,
      int threads,
      int shared,
      Object... values) {
    for (int i = 0; i < values.length; i++) {
      set(8L * i, values[i]);
    }
    int result =
        mayBeginEarly && overlaps
            ? launchEarly(function, grid, threads, shared)
            : Driver.cuLaunchKernel(
                function, grid.x(), grid.y(), grid.z(), threads, 1, 1, shared, stream, pointers,
                null);
    if (result != 0) {
      Driver.check("kernel " + name, result);
    }
  }

  private int launchEarly(Pointer function, Kernel.Grid grid, int threads, int shared) {
    int[] sizes = {grid.x(), grid.y(), grid.z(), threads, 1, 1, shared};
    early.write(0, sizes, 0, sizes.length);
    return Driver.cuLaunchKernelEx(early, function, pointers, null);
  }

  private void set(long at, Object value) {
    if (value == null) {
      arguments.setLong(at, 0);
    } else if (value instanceof DeviceArray array) {
      arguments.setLong(at, array.address());
    } else if (value instanceof Integer number) {
      arguments.setInt(at, number);
    } else if (value instanceof Float number) {
      arguments.setFloat(at, number);
    } else if (value instanceof Long number) {
      arguments.setLong(at, number);
    } else if (value instanceof Double number) {
      arguments.setDouble(at, number);
    } else {
      throw new IllegalArgumentException("not an argument of a kernel: " + value.getClass());
    }
  }
}
