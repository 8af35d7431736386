package org.treepo4j.engines.cuda;

import com.sun.jna.Pointer;

/** A kernel that can be launched. Its module is loaded when that is done for the first time. */
final class Kernel {
  private final Device device;
  private final String module;
  private final String name;
  private final int shared;
  private final boolean overlapping;
  private Pointer function;

  /**
   * @param module name of its source without {@code .cu}
   * @param name as in its source
   * @param shared most dynamic shared memory in bytes that a launch will ask for
   * @param overlapping whether it waits itself for what was launched before, see common.cuh, so
   *     that it may begin earlier
   */
  Kernel(Device device, String module, String name, int shared, boolean overlapping) {
    this.device = device;
    this.module = module;
    this.name = name;
    this.shared = shared;
    this.overlapping = overlapping;
  }

  /** Blocks of a launch. */
  record Grid(int x, int y, int z) {
    /** The largest y and z. */
    private static final int MOST = 65535;

    Grid {
      if (y > MOST || z > MOST) {
        throw new IllegalArgumentException("the grid is too large: " + x + " × " + y + " × " + z);
      }
    }

    static Grid of(long x) {
      return of(x, 1);
    }

    static Grid of(long x, int y) {
      return new Grid(Math.toIntExact(x), y, 1);
    }

    boolean empty() {
      return x == 0 || y == 0 || z == 0;
    }
  }

  /** The kernel itself, with its module loaded. */
  Kernel ready() {
    if (function == null) {
      function = device.function(module, name, shared);
    }
    return this;
  }

  /**
   * Launches the kernel behind all that was launched before. An empty grid does nothing.
   *
   * @param threads of a block
   * @param dynamic bytes of dynamic shared memory of a block
   * @param arguments as the kernel's source has them: {@link DeviceArray} or null for pointers,
   *     {@link Integer}, {@link Long}, {@link Float}, {@link Double}
   */
  void launch(Grid grid, int threads, int dynamic, Object... arguments) {
    if (!grid.empty()) {
      ready();
      device.launch(name, function, overlapping, grid, threads, dynamic, arguments);
    }
  }

  /** Parts of a size that cover {@code n}. */
  static int parts(long n, int size) {
    return Math.toIntExact((n + size - 1) / size);
  }
}
