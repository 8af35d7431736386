package org.treepo4j.engines.cuda;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.treepo4j.model.EngineUnavailableException;

/**
 * The kernels of a device, a module for each source. They come as PTX, which the driver compiles
 * for the chip at hand and keeps in a cache of its own; some twice, for compute capability 8.0 and
 * 9.0.
 */
final class KernelModules implements AutoCloseable {
  /** Attribute of a kernel: the most dynamic shared memory. */
  private static final int DYNAMIC_SHARED = 8;

  /** More than this much dynamic shared memory a kernel must be allowed. */
  private static final int FREE_SHARED = 48 << 10;

  private final DeviceFacts facts;
  private final Map<String, Pointer> modules = new HashMap<>();

  KernelModules(DeviceFacts facts) {
    this.facts = facts;
  }

  /**
   * @param module name of the source without {@code .cu}
   * @param shared most dynamic shared memory in bytes that a launch will ask for
   */
  Pointer function(String module, String name, int shared) {
    PointerByReference function = new PointerByReference();
    Pointer loaded = modules.computeIfAbsent(module, this::load);
    Driver.check(
        "cuModuleGetFunction of " + name, Driver.cuModuleGetFunction(function, loaded, name));
    if (shared > FREE_SHARED) {
      Driver.check(
          "cuFuncSetAttribute of " + name,
          Driver.cuFuncSetAttribute(function.getValue(), DYNAMIC_SHARED, shared));
    }
    return function.getValue();
  }

  private Pointer load(String name) {
    byte[] text = ptx(name);
    byte[] ptx = Arrays.copyOf(text, text.length + 1); // the driver reads up to a zero
    PointerByReference module = new PointerByReference();
    int result = Driver.cuModuleLoadData(module, ptx);
    if (result == Driver.UNSUPPORTED_PTX_VERSION || result == Driver.NO_BINARY_FOR_GPU) {
      throw new EngineUnavailableException(
          "the NVIDIA driver (CUDA %s) is too old for the kernels: %s"
              .formatted(Driver.versionText(facts.driver()), Driver.text(result)));
    }
    Driver.check("loading the kernels of " + name, result);
    return module.getValue();
  }

  private byte[] ptx(String name) {
    Class<?> here = KernelModules.class;
    InputStream newer =
        facts.capability() >= 90 ? here.getResourceAsStream(name + "-90.ptx") : null;
    try (InputStream in = newer != null ? newer : here.getResourceAsStream(name + ".ptx")) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    modules.values().forEach(Driver::cuModuleUnload);
    modules.clear();
  }
}
