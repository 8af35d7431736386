package org.treepo4j.engines.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.model.EngineUnavailableException;

/**
 * The first GPU that the driver shows ({@code CUDA_VISIBLE_DEVICES} chooses), with one stream, on
 * which everything runs in the order in which it was asked for. Used by one thread at a time.
 */
final class Device implements AutoCloseable {
  /** Compute capability 8.0, the first with bf16 products and asynchronous copies. */
  private static final int OLDEST_CAPABILITY = 80;

  private static final int MULTIPROCESSORS = 16;
  private static final int CAPABILITY_MAJOR = 75;
  private static final int CAPABILITY_MINOR = 76;
  private static final int CLOCK_KHZ = 13;
  private static final int MEMORY_CLOCK_KHZ = 36;
  private static final int MEMORY_BUS_BITS = 37;

  /** Attribute of a kernel: the most dynamic shared memory. */
  private static final int DYNAMIC_SHARED = 8;

  /** More than this much dynamic shared memory a kernel must be allowed. */
  private static final int FREE_SHARED = 48 << 10;

  /** Of every capability from 8.0 on. */
  static final int MOST_SHARED = 99 << 10;

  private static final int STAGING = 4 << 20;
  private static final int MOST_ARGUMENTS = 32;

  private final int ordinal;
  private final Pointer context;
  private final Facts facts;
  private final Pointer stream;

  /** Pinned memory that copies go through: one half for either direction. */
  private final Pointer staging;

  /** Bytes of the upper half that copies in flight may still read. */
  private long staged;

  private final Memory arguments = new Memory(8L * MOST_ARGUMENTS);
  private final Memory pointers = new Memory(8L * MOST_ARGUMENTS);
  private final Map<String, Pointer> modules = new HashMap<>();
  private final Map<Long, Long> allocations = new HashMap<>();
  private Thread current;
  private boolean capturing;
  private boolean closed;

  /**
   * What there is to know about a device.
   *
   * @param capability compute capability times 10
   * @param driver CUDA version of the driver, 13000 for 13.0
   * @param clockKhz of multiprocessors, at most; 0 when the driver does not say
   * @param bandwidth of the memory in bytes a second, by its clock; 0 when the driver does not say
   */
  record Facts(
      String name,
      int capability,
      int driver,
      int multiprocessors,
      int clockKhz,
      long memory,
      double bandwidth) {}

  /**
   * @throws EngineUnavailableException without a driver or a device that will do, in one line
   */
  static Device open() {
    Driver.load();
    IntByReference number = new IntByReference();
    Driver.check("cuDeviceGetCount", Driver.cuDeviceGetCount(number));
    if (number.getValue() == 0) {
      throw new EngineUnavailableException("the NVIDIA driver finds no GPU on this machine");
    }
    Driver.check("cuDeviceGet", Driver.cuDeviceGet(number, 0));
    int ordinal = number.getValue();
    int capability =
        10 * attribute(ordinal, CAPABILITY_MAJOR) + attribute(ordinal, CAPABILITY_MINOR);
    if (capability < OLDEST_CAPABILITY) {
      throw new EngineUnavailableException(
          "%s has compute capability %d.%d; 8.0 or more is needed"
              .formatted(name(ordinal), capability / 10, capability % 10));
    }
    return new Device(ordinal, capability);
  }

  private Device(int ordinal, int capability) {
    this.ordinal = ordinal;
    PointerByReference made = new PointerByReference();
    int result = Driver.cuDevicePrimaryCtxRetain(made, ordinal);
    if (result == Driver.OUT_OF_MEMORY) {
      throw new EngineUnavailableException("the GPU has no memory left even for a context");
    }
    Driver.check("cuDevicePrimaryCtxRetain", result);
    context = made.getValue();
    enter();
    facts =
        new Facts(
            name(ordinal),
            capability,
            Driver.version(),
            attribute(ordinal, MULTIPROCESSORS),
            attribute(ordinal, CLOCK_KHZ),
            memory().total(),
            2000.0
                * attribute(ordinal, MEMORY_CLOCK_KHZ)
                * attribute(ordinal, MEMORY_BUS_BITS)
                / 8);
    Driver.check("cuStreamCreate", Driver.cuStreamCreate(made, 0));
    stream = made.getValue();
    Driver.check("cuMemAllocHost", Driver.cuMemAllocHost_v2(made, 2L * STAGING));
    staging = made.getValue();
    for (int i = 0; i < MOST_ARGUMENTS; i++) {
      pointers.setPointer(8L * i, arguments.share(8L * i));
    }
  }

  Facts facts() {
    return facts;
  }

  /** Memory of the device in bytes. */
  record DeviceMemory(long free, long total) {}

  DeviceMemory memory() {
    enter();
    LongByReference free = new LongByReference();
    LongByReference total = new LongByReference();
    Driver.check("cuMemGetInfo", Driver.cuMemGetInfo_v2(free, total));
    return new DeviceMemory(free.getValue(), total.getValue());
  }

  /** Bytes in arrays that were allocated and not freed. */
  long allocated() {
    return allocations.values().stream().mapToLong(Long::longValue).sum();
  }

  /**
   * An array whose numbers are undefined.
   *
   * @throws EngineUnavailableException when the memory does not suffice
   */
  DeviceArray allocate(Type type, long length) {
    enter();
    long bytes = Math.max(16, length * type.bytes());
    LongByReference address = new LongByReference();
    int result = Driver.cuMemAlloc_v2(address, bytes);
    if (result == Driver.OUT_OF_MEMORY) {
      DeviceMemory memory = memory();
      throw new EngineUnavailableException(
          "the GPU has too little memory: %d MB more are needed, %d of %d MB are free"
              .formatted((bytes >> 20) + 1, memory.free() >> 20, memory.total() >> 20));
    }
    Driver.check("cuMemAlloc", result);
    allocations.put(address.getValue(), bytes);
    return new DeviceArray(type, address.getValue(), length);
  }

  /** {@code old} when it has the type and length, else a new array in its place. */
  DeviceArray atLeast(DeviceArray old, Type type, long length) {
    if (old != null && old.type() == type && old.length() >= length) {
      return old;
    }
    free(old);
    return allocate(type, length);
  }

  /** Frees an array; null does nothing. */
  void free(DeviceArray array) {
    if (array == null) {
      return;
    }
    if (allocations.remove(array.address()) == null) {
      throw new IllegalArgumentException("not an array of this device, or freed before");
    }
    enter();
    Driver.check("cuMemFree", Driver.cuMemFree_v2(array.address()));
  }

  DeviceArray upload(float... values) {
    DeviceArray array = allocate(Type.F32, values.length);
    write(array, values, 0, values.length);
    return array;
  }

  DeviceArray upload(int... values) {
    DeviceArray array = allocate(Type.I32, values.length);
    write(array, values, 0, values.length);
    return array;
  }

  DeviceArray upload(double... values) {
    DeviceArray array = allocate(Type.F64, values.length);
    write(array, values, 0, values.length);
    return array;
  }

  /** Copies {@code values[from..from + count)} to the array's beginning. */
  void write(DeviceArray to, float[] values, int from, int count) {
    to.require("target", Type.F32, count);
    copyIn(to, count, (memory, at, i, n) -> memory.write(at, values, from + i, n));
  }

  void write(DeviceArray to, int[] values, int from, int count) {
    to.require("target", Type.I32, count);
    copyIn(to, count, (memory, at, i, n) -> memory.write(at, values, from + i, n));
  }

  void write(DeviceArray to, double[] values, int from, int count) {
    to.require("target", Type.F64, count);
    copyIn(to, count, (memory, at, i, n) -> memory.write(at, values, from + i, n));
  }

  /** Copies the bits of bf16 numbers. */
  void write(DeviceArray to, short[] values, int from, int count) {
    to.require("target", Type.BF16, count);
    copyIn(to, count, (memory, at, i, n) -> memory.write(at, values, from + i, n));
  }

  /** Copies the array's beginning to {@code values[from..from + count)}, when it is computed. */
  void read(DeviceArray from, float[] values, int to, int count) {
    from.require("source", Type.F32, count);
    copyOut(from, count, (memory, at, i, n) -> memory.read(at, values, to + i, n));
  }

  void read(DeviceArray from, int[] values, int to, int count) {
    from.require("source", Type.I32, count);
    copyOut(from, count, (memory, at, i, n) -> memory.read(at, values, to + i, n));
  }

  void read(DeviceArray from, double[] values, int to, int count) {
    from.require("source", Type.F64, count);
    copyOut(from, count, (memory, at, i, n) -> memory.read(at, values, to + i, n));
  }

  void read(DeviceArray from, short[] values, int to, int count) {
    from.require("source", Type.BF16, count);
    copyOut(from, count, (memory, at, i, n) -> memory.read(at, values, to + i, n));
  }

  /** All numbers of a float32 array. */
  float[] floats(DeviceArray array) {
    float[] values = new float[Math.toIntExact(array.length())];
    read(array, values, 0, values.length);
    return values;
  }

  /** Moves {@code n} numbers from {@code i} on between pinned memory at {@code at} and an array. */
  private interface Move {
    void run(Pointer memory, long at, int i, int n);
  }

  private void copyIn(DeviceArray to, int count, Move move) {
    enter();
    requireNotCapturing();
    int bytes = to.type().bytes();
    int most = STAGING / bytes;
    for (int i = 0; i < count; i += most) {
      int n = Math.min(most, count - i);
      if (staged + (long) n * bytes > STAGING) {
        synchronize();
      }
      move.run(staging, staged, i, n);
      Driver.check(
          "cuMemcpyHtoD",
          Driver.cuMemcpyHtoDAsync_v2(
              to.address() + (long) i * bytes, staging.share(staged), (long) n * bytes, stream));
      staged += ((long) n * bytes + 15) / 16 * 16;
    }
  }

  private void copyOut(DeviceArray from, int count, Move move) {
    enter();
    requireNotCapturing();
    int bytes = from.type().bytes();
    int most = STAGING / bytes;
    for (int i = 0; i < count; i += most) {
      int n = Math.min(most, count - i);
      Driver.check(
          "cuMemcpyDtoH",
          Driver.cuMemcpyDtoHAsync_v2(
              staging.share(STAGING), from.address() + (long) i * bytes, (long) n * bytes, stream));
      synchronize();
      move.run(staging, STAGING, i, n);
    }
  }

  /** Copies all numbers of {@code from} to the beginning of {@code to}. */
  void copy(DeviceArray from, DeviceArray to) {
    to.require("target", from.type(), from.length());
    if (from.length() > 0) {
      enter();
      Driver.check(
          "cuMemcpyDtoD",
          Driver.cuMemcpyDtoDAsync_v2(to.address(), from.address(), from.bytes(), stream));
    }
  }

  /** Fills an array with zeros. */
  void clear(DeviceArray array) {
    if (array.length() > 0) {
      enter();
      Driver.check(
          "cuMemset", Driver.cuMemsetD8Async(array.address(), (byte) 0, array.bytes(), stream));
    }
  }

  /** Waits until everything is done. */
  void synchronize() {
    enter();
    Driver.check("cuStreamSynchronize", Driver.cuStreamSynchronize(stream));
    staged = 0;
  }

  /**
   * A kernel by name.
   *
   * @param module name of its source without {@code .cu}
   * @param shared most dynamic shared memory in bytes that a launch will ask for
   */
  Kernel kernel(String module, String name, int shared) {
    enter();
    PointerByReference function = new PointerByReference();
    Driver.check(
        "cuModuleGetFunction of " + name,
        Driver.cuModuleGetFunction(
            function, modules.computeIfAbsent(module, this::loadModule), name));
    if (shared > FREE_SHARED) {
      Driver.check(
          "cuFuncSetAttribute of " + name,
          Driver.cuFuncSetAttribute(function.getValue(), DYNAMIC_SHARED, shared));
    }
    return new Kernel(this, name, function.getValue());
  }

  Kernel kernel(String module, String name) {
    return kernel(module, name, 0);
  }

  private Pointer loadModule(String name) {
    byte[] ptx;
    try (InputStream in = Device.class.getResourceAsStream(name + ".ptx")) {
      byte[] text = in.readAllBytes();
      ptx = Arrays.copyOf(text, text.length + 1); // the driver reads up to a zero
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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

  void launch(Kernel kernel, Kernel.Grid grid, int threads, int shared, Object... values) {
    enter();
    for (int i = 0; i < values.length; i++) {
      set(8L * i, values[i]);
    }
    int result =
        Driver.cuLaunchKernel(
            kernel.function(),
            grid.x(),
            grid.y(),
            grid.z(),
            threads,
            1,
            1,
            shared,
            stream,
            pointers,
            null);
    if (result != 0) {
      Driver.check("kernel " + kernel.name(), result);
    }
  }

  private void set(long at, Object value) {
    if (value == null) {
      arguments.setLong(at, 0);
    } else if (value instanceof DeviceArray array) {
      arguments.setLong(at, array.address());
    } else if (value instanceof Integer number) {
      arguments.setInt(at, number);
    } else if (value instanceof Float number) {
      arguments.setFloat(at, number);
    } else if (value instanceof Long number) {
      arguments.setLong(at, number);
    } else if (value instanceof Double number) {
      arguments.setDouble(at, number);
    } else {
      throw new IllegalArgumentException("not an argument of a kernel: " + value.getClass());
    }
  }

  /** Launches that were recorded and can be repeated as one. */
  final class Graph implements AutoCloseable {
    private Pointer exec;

    private Graph(Pointer exec) {
      this.exec = exec;
    }

    void launch() {
      enter();
      Driver.check("cuGraphLaunch", Driver.cuGraphLaunch(exec, stream));
    }

    @Override
    public void close() {
      if (exec != null) {
        enter();
        Driver.check("cuGraphExecDestroy", Driver.cuGraphExecDestroy(exec));
        exec = null;
      }
    }
  }

  /**
   * Records what {@code work} launches, copies on the device and clears, without doing it. Arrays
   * and numbers are those of now; nothing may be allocated, read or written meanwhile.
   */
  Graph capture(Runnable work) {
    enter();
    requireNotCapturing();
    PointerByReference made = new PointerByReference();
    Driver.check("cuStreamBeginCapture", Driver.cuStreamBeginCapture_v2(stream, 1));
    capturing = true;
    try {
      work.run();
    } finally {
      capturing = false;
      Driver.check("cuStreamEndCapture", Driver.cuStreamEndCapture(stream, made));
    }
    Pointer graph = made.getValue();
    int result = Driver.cuGraphInstantiateWithFlags(made, graph, 0);
    Driver.check("cuGraphDestroy", Driver.cuGraphDestroy(graph));
    Driver.check("cuGraphInstantiate", result);
    return new Graph(made.getValue());
  }

  private void requireNotCapturing() {
    if (capturing) {
      throw new IllegalStateException("nothing is copied to or from the host within a graph");
    }
  }

  /** Seconds that {@code work} takes on the device. */
  double seconds(Runnable work) {
    enter();
    PointerByReference made = new PointerByReference();
    Driver.check("cuEventCreate", Driver.cuEventCreate(made, 0));
    Pointer start = made.getValue();
    Driver.check("cuEventCreate", Driver.cuEventCreate(made, 0));
    Pointer end = made.getValue();
    try {
      Driver.check("cuEventRecord", Driver.cuEventRecord(start, stream));
      work.run();
      Driver.check("cuEventRecord", Driver.cuEventRecord(end, stream));
      Driver.check("cuEventSynchronize", Driver.cuEventSynchronize(end));
      float[] milliseconds = new float[1];
      Driver.check("cuEventElapsedTime", Driver.cuEventElapsedTime(milliseconds, start, end));
      return milliseconds[0] / 1e3;
    } finally {
      Driver.cuEventDestroy_v2(start);
      Driver.cuEventDestroy_v2(end);
    }
  }

  /** The driver keeps a context by thread. */
  private void enter() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
    if (current != Thread.currentThread()) {
      Driver.check("cuCtxSetCurrent", Driver.cuCtxSetCurrent(context));
      current = Thread.currentThread();
    }
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

  /** Frees everything that is left on the device. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    enter();
    Driver.cuStreamSynchronize(stream);
    for (long address : allocations.keySet()) {
      Driver.cuMemFree_v2(address);
    }
    allocations.clear();
    modules.values().forEach(Driver::cuModuleUnload);
    Driver.cuMemFreeHost(staging);
    Driver.cuStreamDestroy_v2(stream);
    Driver.cuDevicePrimaryCtxRelease_v2(ordinal);
    closed = true;
  }
}
