package org.treepo4j.engines.cuda;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import org.treepo4j.model.EngineUnavailableException;

/**
 * The functions of the CUDA driver that we call, as <a
 * href="https://docs.nvidia.com/cuda/cuda-driver-api/">its reference</a> has them. Every one
 * returns 0 or an error, which {@link #check} throws. Sizes are in bytes, addresses on the device
 * are {@code long}.
 */
final class Driver {
  /** Names another library than the installed driver, for tests. */
  static final String LIBRARY_PROPERTY = "treepo4j.cuda.library";

  static final int OUT_OF_MEMORY = 2;
  static final int NO_DEVICE = 100;
  static final int NO_BINARY_FOR_GPU = 209;
  static final int INVALID_PTX = 218;
  static final int UNSUPPORTED_PTX_VERSION = 222;

  /** CUDA 11.8, the first driver that takes the PTX version of our kernels (7.8). */
  static final int OLDEST_VERSION = 11080;

  private static boolean loaded;

  private Driver() {}

  /**
   * Loads the driver, once, and initialises it.
   *
   * @throws EngineUnavailableException without a driver, or with one that is too old
   */
  static synchronized void load() {
    if (!loaded) {
      String library = System.getProperty(LIBRARY_PROPERTY, "libcuda.so.1");
      NativeLibrary driver;
      try {
        driver = NativeLibrary.getInstance(library);
      } catch (UnsatisfiedLinkError e) {
        throw new EngineUnavailableException("no NVIDIA driver on this machine (" + library + ")");
      }
      try {
        Native.register(Driver.class, driver);
      } catch (UnsatisfiedLinkError e) { // lacks a function
        throw new EngineUnavailableException(
            "the NVIDIA driver is too old: CUDA %s or later is needed"
                .formatted(versionText(OLDEST_VERSION)));
      }
      loaded = true;
    }
    int result = cuInit(0);
    if (result == NO_DEVICE) {
      throw new EngineUnavailableException("the NVIDIA driver finds no GPU on this machine");
    }
    if (result != 0) {
      throw new EngineUnavailableException("the NVIDIA driver does not start: " + text(result));
    }
    int version = version();
    if (version < OLDEST_VERSION) {
      throw new EngineUnavailableException(
          "the NVIDIA driver is too old: it is for CUDA %s, CUDA %s or later is needed"
              .formatted(versionText(version), versionText(OLDEST_VERSION)));
    }
  }

  /** The CUDA version of the driver, for example 13000 for 13.0. */
  static int version() {
    IntByReference version = new IntByReference();
    check("cuDriverGetVersion", cuDriverGetVersion(version));
    return version.getValue();
  }

  static String versionText(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  /**
   * @throws IllegalStateException when {@code result} is an error
   */
  static void check(String what, int result) {
    if (result != 0) {
      throw new IllegalStateException("the GPU fails at " + what + ": " + text(result));
    }
  }

  /** Name and number of an error. */
  static String text(int result) {
    PointerByReference name = new PointerByReference();
    if (cuGetErrorName(result, name) != 0 || name.getValue() == null) {
      return "error " + result;
    }
    return name.getValue().getString(0) + " (" + result + ")";
  }

  static native int cuInit(int flags);

  static native int cuDriverGetVersion(IntByReference version);

  static native int cuGetErrorName(int error, PointerByReference name);

  static native int cuDeviceGetCount(IntByReference count);

  static native int cuDeviceGet(IntByReference device, int ordinal);

  static native int cuDeviceGetName(byte[] name, int length, int device);

  static native int cuDeviceGetAttribute(IntByReference value, int attribute, int device);

  static native int cuDeviceTotalMem_v2(LongByReference bytes, int device);

  static native int cuDevicePrimaryCtxRetain(PointerByReference context, int device);

  static native int cuDevicePrimaryCtxRelease_v2(int device);

  static native int cuCtxSetCurrent(Pointer context);

  static native int cuMemGetInfo_v2(LongByReference free, LongByReference total);

  static native int cuMemAlloc_v2(LongByReference address, long size);

  static native int cuMemFree_v2(long address);

  static native int cuMemAllocHost_v2(PointerByReference memory, long size);

  static native int cuMemFreeHost(Pointer memory);

  static native int cuMemcpyHtoDAsync_v2(long to, Pointer from, long size, Pointer stream);

  static native int cuMemcpyDtoHAsync_v2(Pointer to, long from, long size, Pointer stream);

  static native int cuMemcpyDtoDAsync_v2(long to, long from, long size, Pointer stream);

  static native int cuMemsetD8Async(long to, byte value, long size, Pointer stream);

  static native int cuModuleLoadData(PointerByReference module, byte[] image);

  static native int cuModuleUnload(Pointer module);

  static native int cuModuleGetFunction(PointerByReference function, Pointer module, String name);

  static native int cuFuncSetAttribute(Pointer function, int attribute, int value);

  static native int cuLaunchKernel(
      Pointer function,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int shared,
      Pointer stream,
      Pointer parameters,
      Pointer extra);

  static native int cuLaunchKernelEx(
      Pointer config, Pointer function, Pointer parameters, Pointer extra);

  static native int cuStreamCreate(PointerByReference stream, int flags);

  static native int cuStreamSynchronize(Pointer stream);

  static native int cuStreamDestroy_v2(Pointer stream);

  static native int cuStreamBeginCapture_v2(Pointer stream, int mode);

  static native int cuStreamEndCapture(Pointer stream, PointerByReference graph);

  static native int cuGraphInstantiateWithFlags(PointerByReference exec, Pointer graph, long flags);

  static native int cuGraphDestroy(Pointer graph);

  static native int cuGraphLaunch(Pointer exec, Pointer stream);

  static native int cuGraphExecDestroy(Pointer exec);

  static native int cuEventCreate(PointerByReference event, int flags);

  static native int cuEventRecord(Pointer event, Pointer stream);

  static native int cuEventSynchronize(Pointer event);

  static native int cuEventElapsedTime(float[] milliseconds, Pointer start, Pointer end);

  static native int cuEventDestroy_v2(Pointer event);
}
