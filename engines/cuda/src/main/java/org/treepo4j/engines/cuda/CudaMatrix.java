package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import org.treepo4j.model.FrozenBase;
import org.treepo4j.model.LoraAdapter;

/**
 * A matrix {@code [out × in]} of the model: a parameter or some rows of one, for families that fuse
 * projections store several below each other. One with an adapter is frozen, the adapter is
 * computed apart.
 *
 * @param weight null with an adapter
 * @param low null without an adapter
 * @param first row of the parameter with which it begins
 */
record CudaMatrix(CudaParameter weight, LowRank low, int first, int out, int in) {

  /**
   * A frozen matrix with its adapter.
   *
   * @param base in the type of products
   * @param a {@code [rank × in]}
   * @param b {@code [all rows × rank]}
   */
  record LowRank(DeviceArray base, CudaParameter a, CudaParameter b, int rank, float scale) {

    /** Brings the frozen matrix of an adapter to the device. */
    static DeviceArray base(
        Device device, RowKernels rows, LoraAdapter adapter, int size, boolean halves) {
      boolean stored = adapter.base() instanceof FrozenBase.Bfloat16;
      DeviceArray given = device.allocate(stored ? BF16 : F32, size);
      if (adapter.base() instanceof FrozenBase.Bfloat16 base) {
        device.write(given, base.values(), 0, size);
      } else if (adapter.base() instanceof FrozenBase.Float32 base) {
        device.write(given, base.values(), 0, size);
      }
      if (stored == halves) {
        return given;
      }
      DeviceArray converted = device.allocate(halves ? BF16 : F32, size);
      rows.convert(size, given, converted);
      device.free(given);
      return converted;
    }
  }

  /** Some of its rows. */
  CudaMatrix rows(int from, int count) {
    return new CudaMatrix(weight, low, first + from, count, in);
  }

  /** Whether backward passes are to give it a gradient, or its adapter. */
  boolean trainable() {
    return low != null || weight.trainable();
  }

  /** Its numbers as products read them, {@code [out × in]}. */
  DeviceArray operand() {
    DeviceArray all = low == null ? weight.operand() : low.base();
    return all.part((long) first * in, (long) out * in);
  }

  /** Where its gradient is added up, {@code F32 [out × in]}. */
  DeviceArray gradient() {
    return weight.gradient().part((long) first * in, (long) out * in);
  }

  /** Rows of the adapter's B that are its own, {@code [out × rank]}. */
  DeviceArray up() {
    return low.b().operand().part((long) first * low.rank(), (long) out * low.rank());
  }

  /** Where the gradient of these is added up. */
  DeviceArray upGradient() {
    return low.b().gradient().part((long) first * low.rank(), (long) out * low.rank());
  }
}
