package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.treepo4j.engines.cuda.Kernel.Grid;
import org.treepo4j.model.EngineUnavailableException;

/**
 * Large products in bf16 by the warpgroups of compute capability 9.0 (hopper.cu): what {@link
 * Products} computes otherwise, in another order of sums.
 *
 * <p>Before a device is trusted with it, small products are computed both ways and compared; where
 * they differ it is not used, and a warning says so. The kernels wait for nothing but their own
 * copies and sums, so there is nothing in them that could wait for ever.
 */
final class WarpgroupProducts {
  private static final Logger LOG = LoggerFactory.getLogger(WarpgroupProducts.class);

  /** The only compute capability that has these instructions, and the driver for PTX 8.0. */
  private static final int CAPABILITY = 90;

  private static final int OLDEST_DRIVER = 12000;

  /** Rows and columns of a block's tile, and the dynamic shared memory of a block. */
  private static final int ROWS = 128;

  private static final int COLUMNS = 256;
  private static final int SHARED = 4 * (ROWS + COLUMNS) * 128 + 1024;
  private static final int THREADS = 256;

  /** Sums of {@link #CHECKED_K} products of normal numbers in another order, and a bf16 result. */
  private static final double ROUNDING = 1e-3;

  private static final int CHECKED_K = 136;

  /** Whether devices compute what they should, by what is known of them. */
  private static final Map<DeviceFacts, Boolean> TRUSTED = new HashMap<>();

  private final Device device;
  private final Map<String, Kernel> kernels = new HashMap<>();

  /** Null until it matters. */
  private Boolean trusted;

  /** How operands lie: whether k runs along the rows of a and b; see tensor.cu. */
  enum Layout {
    NT(true, true),
    NN(true, false),
    TN(false, false);

    private final boolean aLast;
    private final boolean bLast;

    Layout(boolean aLast, boolean bLast) {
      this.aLast = aLast;
      this.bLast = bLast;
    }

    /** Whether rows of both operands consist of whole pieces of 16 bytes. */
    private boolean isWide(int m, int n, int k) {
      return (aLast ? k : m) % 8 == 0 && (bLast ? k : n) % 8 == 0;
    }
  }

  WarpgroupProducts(Device device) {
    this.device = device;
  }

  /** Whether the device and its driver have the instructions. */
  static boolean has(DeviceFacts facts) {
    return facts.capability() == CAPABILITY && facts.driver() >= OLDEST_DRIVER;
  }

  /** Whether it takes a product: there is a tile for every multiprocessor, in wide pieces. */
  boolean takes(Layout layout, int m, int n, int k, DeviceArray a, DeviceArray b) {
    return a.type() == BF16
        && blocks(m, n) >= device.facts().multiprocessors()
        && layout.isWide(m, n, k)
        && a.isWide()
        && b.isWide()
        && trusted();
  }

  /** {@code c = alpha·(a·b) (+ c)}; {@link #takes} must be true. */
  void launch(
      Layout layout,
      int m,
      int n,
      int k,
      DeviceArray a,
      DeviceArray b,
      DeviceArray c,
      float alpha,
      boolean add) {
    String name = layout.name().toLowerCase(Locale.ROOT);
    kernels
        .computeIfAbsent(
            name + (c.type() == F32 ? "_bf" : "_b") + "_wgmma",
            kernel -> device.kernel("hopper", kernel, SHARED))
        .launch(Grid.of(blocks(m, n)), THREADS, SHARED, m, n, k, a, b, c, alpha, add ? 1 : 0);
  }

  private static long blocks(int m, int n) {
    return (long) Kernel.parts(m, ROWS) * Kernel.parts(n, COLUMNS);
  }

  private boolean trusted() {
    if (trusted == null) {
      synchronized (TRUSTED) {
        trusted = TRUSTED.computeIfAbsent(device.facts(), facts -> check());
      }
    }
    return trusted;
  }

  private boolean check() {
    try {
      for (Layout layout : Layout.values()) {
        if (!agrees(layout)) {
          LOG.warn(
              "products by this GPU's warpgroups (wgmma, {}) are not what they should be; they are"
                  + " not used, which makes training slower. Please report it",
              layout);
          return false;
        }
      }
      return true;
    } catch (EngineUnavailableException | IllegalStateException e) {
      LOG.warn("products by this GPU's warpgroups are not used: {}", e.getMessage());
      return false;
    }
  }

  /** Sizes that are multiples of no tile. */
  private boolean agrees(Layout layout) {
    int m = 136;
    int n = 264;
    int k = CHECKED_K;
    Random random = new Random(1);
    DeviceArray a = random(random, m * k);
    DeviceArray b = random(random, n * k);
    DeviceArray own = device.allocate(F32, (long) m * n);
    DeviceArray other = device.allocate(F32, (long) m * n);
    try {
      launch(layout, m, n, k, a, b, own, 0.5f, false);
      Products products = new Products(device);
      switch (layout) {
        case NT -> products.nt(m, n, k, a, b, other, 0.5f, false);
        case NN -> products.nn(m, n, k, a, b, other, 0.5f, false);
        case TN -> products.tn(m, n, k, a, b, other, 0.5f, false);
      }
      return equal(device.floats(own), device.floats(other));
    } finally {
      for (DeviceArray array : new DeviceArray[] {a, b, own, other}) {
        device.free(array);
      }
    }
  }

  private DeviceArray random(Random random, int count) {
    short[] bits = new short[count];
    for (int i = 0; i < count; i++) {
      bits[i] = (short) (Float.floatToRawIntBits((float) random.nextGaussian()) >>> 16);
    }
    DeviceArray array = device.allocate(BF16, count);
    device.write(array, bits, 0, count);
    return array;
  }

  private static boolean equal(float[] x, float[] y) {
    for (int i = 0; i < x.length; i++) {
      if (!(Math.abs(x[i] - y[i]) <= ROUNDING)) { // NaN is not equal either
        return false;
      }
    }
    return true;
  }
}
