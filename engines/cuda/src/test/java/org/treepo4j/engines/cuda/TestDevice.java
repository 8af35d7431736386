package org.treepo4j.engines.cuda;

import com.sun.jna.NativeLibrary;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.treepo4j.testsupport.CudaEmulator;

/**
 * What tests of kernels run on: the GPU of this machine or, without one, the emulated one of {@link
 * CudaEmulator}. Without either the tests that name this extension are skipped.
 */
final class TestDevice implements ExecutionCondition {
  /** Whether the emulator has AddressSanitizer. */
  static final boolean SANITIZED = Boolean.getBoolean("treepo4j.cuda.sanitize");

  private static Device device;

  /** The order in which emulated threads run between barriers. */
  enum Order {
    FORWARD,
    REVERSE,
    RANDOM
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    return CudaEmulator.problem()
        .map(ConditionEvaluationResult::disabled)
        .orElse(ConditionEvaluationResult.enabled("a device is there"));
  }

  /** The device that tests of kernels share. */
  static synchronized Device shared() {
    if (device == null) {
      CudaEmulator.require();
      device = Device.open();
    }
    return device;
  }

  /** Nothing on a real device. */
  static void order(Order order) {
    if (CudaEmulator.isEmulated()) {
      library().getFunction("emu_order").invokeVoid(new Object[] {order.ordinal()});
    }
  }

  /**
   * Has the emulated driver say other things of itself.
   *
   * @param version CUDA version, 13000 for 13.0
   * @param capability compute capability times 10
   * @param bytes of memory
   */
  static void pretend(int version, int capability, int devices, long bytes) {
    Object[] arguments = {version, capability, devices, bytes};
    library().getFunction("emu_pretend").invokeVoid(arguments);
  }

  /** Launches of the emulated driver that could begin before the one before ended. */
  static int overlapped() {
    return library().getFunction("emu_overlapped").invokeInt(new Object[0]);
  }

  private static NativeLibrary library() {
    return NativeLibrary.getInstance(System.getProperty(Driver.LIBRARY_PROPERTY));
  }
}
