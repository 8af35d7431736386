package org.treepo4j.engines.cuda;

import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import java.nio.charset.StandardCharsets;
import org.treepo4j.model.EngineUnavailableException;

/**
 * What there is to know about a device.
 *
 * @param ordinal number that the driver gives it
 * @param capability compute capability times 10
 * @param driver CUDA version of the driver, 13000 for 13.0
 * @param clockKhz of multiprocessors, at most; 0 when the driver does not say
 * @param memory in bytes
 * @param bandwidth of the memory in bytes a second, by its clock; 0 when the driver does not say
 */
record DeviceFacts(
    int ordinal,
    String name,
    int capability,
    int driver,
    int multiprocessors,
    int clockKhz,
    long memory,
    double bandwidth) {

  /** Compute capability 8.0, the first with bf16 products and asynchronous copies. */
  private static final int OLDEST_CAPABILITY = 80;

  // Attributes, by the numbers of the driver's reference.
  private static final int CLOCK_KHZ = 13;
  private static final int MULTIPROCESSORS = 16;
  private static final int MEMORY_CLOCK_KHZ = 36;
  private static final int MEMORY_BUS_BITS = 37;
  private static final int CAPABILITY_MAJOR = 75;
  private static final int CAPABILITY_MINOR = 76;

  /**
   * Those of the first device.
   *
   * @throws EngineUnavailableException without a driver or a device that will do, in one line
   */
  static DeviceFacts find() {
    Driver.load();
    IntByReference number = new IntByReference();
    Driver.check("cuDeviceGetCount", Driver.cuDeviceGetCount(number));
    if (number.getValue() == 0) {
      throw new EngineUnavailableException("the NVIDIA driver finds no GPU on this machine");
    }
    Driver.check("cuDeviceGet", Driver.cuDeviceGet(number, 0));
    int device = number.getValue();
    String name = name(device);
    int capability = 10 * attribute(device, CAPABILITY_MAJOR) + attribute(device, CAPABILITY_MINOR);
    if (capability < OLDEST_CAPABILITY) {
      throw new EngineUnavailableException(
          "%s has compute capability %d.%d; 8.0 or more is needed"
              .formatted(name, capability / 10, capability % 10));
    }
    LongByReference memory = new LongByReference();
    Driver.check("cuDeviceTotalMem", Driver.cuDeviceTotalMem_v2(memory, device));
    return new DeviceFacts(
        device,
        name,
        capability,
        Driver.version(),
        attribute(device, MULTIPROCESSORS),
        attribute(device, CLOCK_KHZ),
        memory.getValue(),
        2000.0 * attribute(device, MEMORY_CLOCK_KHZ) * attribute(device, MEMORY_BUS_BITS) / 8);
  }

  private static int attribute(int device, int attribute) {
    IntByReference value = new IntByReference();
    return Driver.cuDeviceGetAttribute(value, attribute, device) == 0 ? value.getValue() : 0;
  }

  private static String name(int device) {
    byte[] name = new byte[256];
    Driver.check("cuDeviceGetName", Driver.cuDeviceGetName(name, name.length, device));
    int length = 0;
    while (name[length] != 0) {
      length++;
    }
    return new String(name, 0, length, StandardCharsets.UTF_8);
  }
}
