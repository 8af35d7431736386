package org.treepo4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The most memory this process has held since {@link #reset}, as Linux counts it (proc(5)); 0
 * elsewhere.
 */
final class ResidentMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path CLEAR = Path.of("/proc/self/clear_refs");
  private static final String PEAK = "VmHWM:";

  private ResidentMemory() {}

  /** Gives unused heap back where the JVM does that, and starts counting anew. */
  static void reset() {
    System.gc();
    try {
      Files.writeString(CLEAR, "5");
    } catch (IOException notLinux) {
      // Without it the peak is that of the whole run.
      return;
    }
  }

  static long peakBytes() {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith(PEAK)) {
          return Long.parseLong(line.replaceAll("\\D", "")) << 10;
        }
      }
    } catch (IOException notLinux) {
      return 0;
    }
    return 0;
  }
}
