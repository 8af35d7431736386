package org.treepo4j.engines.cuda;

import com.sun.jna.Pointer;

/**
 * A kernel that can be launched.
 *
 * @param name as in its source
 */
record Kernel(Device device, String name, Pointer function) {

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

  /**
   * Launches the kernel behind all that was launched before. An empty grid does nothing.
   *
   * @param threads of a block
   * @param shared bytes of dynamic shared memory of a block
   * @param arguments as the kernel's source has them: {@link DeviceArray} or null for pointers,
   *     {@link Integer}, {@link Long}, {@link Float}, {@link Double}
   */
  void launch(Grid grid, int threads, int shared, Object... arguments) {
    if (!grid.empty()) {
      device.launch(this, grid, threads, shared, arguments);
    }
  }

  /** Parts of a size that cover {@code n}. */
  static int parts(long n, int size) {
    return Math.toIntExact((n + size - 1) / size);
  }
}
