package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F64;

import org.treepo4j.engines.cuda.Kernel.Grid;

/**
 * The optimiser's arithmetic, as {@link org.treepo4j.model.AdamW} has it, and norms of gradients.
 */
final class UpdateKernels {
  private static final int THREADS = 256;

  /** Numbers whose squares a block sums up. */
  static final int PIECE = 1 << 14;

  private final Kernel adamW;
  private final Kernel squares;

  UpdateKernels(Device device) {
    // At once, so that a driver that does not take our kernels is found when a model is opened.
    adamW = device.kernel("update", "adam_w").ready();
    squares = device.kernel("update", "squares").ready();
  }

  /**
   * The numbers of one AdamW step that all weights share.
   *
   * @param gradientScale what gradients are multiplied by
   * @param beta1 and {@code beta2}: decay of the moments
   * @param epsilon added to the root of the second moment
   * @param stepSize learning rate over the correction of the first moment
   * @param rootCorrection {@code 1/√(1 − β₂ᵗ)}
   */
  record Step(
      float gradientScale,
      double beta1,
      double beta2,
      double epsilon,
      float stepSize,
      float rootCorrection) {}

  /**
   * @param keep what weights are multiplied by: 1 − learning rate × decay, or 1
   * @param values {@code F32 [n]}, as are gradient and moments
   * @param copy receives the new values as {@code BF16 [n]}; null for none
   */
  void adamW(
      long n,
      Step step,
      float keep,
      DeviceArray values,
      DeviceArray gradient,
      DeviceArray first,
      DeviceArray second,
      DeviceArray copy) {
    values.require("values", F32, n);
    gradient.require("gradient", F32, n);
    first.require("first", F32, n);
    second.require("second", F32, n);
    if (copy != null) {
      copy.require("copy", BF16, n);
    }
    adamW.launch(
        Grid.of(Kernel.parts(n, THREADS)),
        THREADS,
        0,
        n,
        step.gradientScale(),
        keep,
        (float) step.beta1(),
        (float) (1 - step.beta1()),
        (float) step.beta2(),
        (float) (1 - step.beta2()),
        (float) step.epsilon(),
        step.stepSize(),
        step.rootCorrection(),
        values,
        gradient,
        first,
        second,
        copy);
  }

  /** How many sums {@link #squares} makes of {@code n} numbers. */
  static int pieces(long n) {
    return Kernel.parts(n, PIECE);
  }

  /** Sums of squares of every {@link #PIECE} numbers, {@code F64 [pieces(n)]}. */
  void squares(long n, DeviceArray x, DeviceArray sums) {
    x.require("x", F32, n);
    sums.require("sums", F64, pieces(n));
    squares.launch(Grid.of(pieces(n)), THREADS, 0, n, x, sums);
  }
}
