package org.treepo4j.engines.samediff;

/**
 * An NVIDIA GPU as its driver describes it.
 *
 * @param index its number
 * @param uuid its name for {@code CUDA_VISIBLE_DEVICES}
 * @param name the product
 * @param major compute capability before the point, −1 where the driver does not tell
 * @param minor compute capability after the point
 * @param memoryMib its memory in MiB
 */
public record Gpu(int index, String uuid, String name, int major, int minor, long memoryMib) {

  /** Whether the machine code in ND4J's CUDA binaries (3.7 to 8.6, no PTX) runs on it. */
  public boolean usable() {
    boolean newEnough = major > 3 || (major == 3 && minor >= 7);
    return newEnough && major < 9;
  }

  /** {@code "NVIDIA H100 (compute capability 9.0)"}. */
  public String description() {
    String capability = major < 0 ? "unknown" : major + "." + minor;
    return name + " (compute capability " + capability + ")";
  }
}
