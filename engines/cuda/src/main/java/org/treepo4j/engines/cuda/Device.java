package org.treepo4j.engines.cuda;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.util.HashMap;
import java.util.Map;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.model.EngineUnavailableException;

/**
 * The first GPU that the driver shows ({@code CUDA_VISIBLE_DEVICES} chooses), with one stream, on
 * which everything runs in the order in which it was asked for. Used by one thread at a time.
 */
final class Device implements AutoCloseable {
  private final DeviceFacts facts;
  private final Pointer context;
  private final Pointer stream;
  private final Transfers transfers;
  private final Launcher launcher;
  private final KernelModules modules;
  private final Map<Long, DeviceArray> allocations = new HashMap<>();
  private Thread current;
  private boolean capturing;

  /** Whether the last thing on the stream was an overlapping kernel. */
  private boolean afterOverlapping;

  private long changes;
  private boolean closed;

  /**
   * @throws EngineUnavailableException without a driver or a device that will do, in one line
   */
  static Device open() {
    return new Device(DeviceFacts.find());
  }

  private Device(DeviceFacts facts) {
    this.facts = facts;
    PointerByReference made = new PointerByReference();
    int result = Driver.cuDevicePrimaryCtxRetain(made, facts.ordinal());
    if (result == Driver.OUT_OF_MEMORY) {
      throw new EngineUnavailableException("the GPU has no memory left even for a context");
    }
    Driver.check("cuDevicePrimaryCtxRetain", result);
    context = made.getValue();
    enter();
    Driver.check("cuStreamCreate", Driver.cuStreamCreate(made, 0));
    stream = made.getValue();
    transfers = new Transfers(stream);
    modules = new KernelModules(facts);
    launcher = new Launcher(stream, facts);
  }

  DeviceFacts facts() {
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

  /** Grows whenever an array is allocated or freed: while it stays, so do all addresses. */
  long changes() {
    return changes;
  }

  /** Bytes in arrays that were allocated and not freed. */
  long allocated() {
    return allocations.values().stream().mapToLong(Device::bytes).sum();
  }

  /**
   * An array whose numbers are undefined.
   *
   * @throws EngineUnavailableException when the memory does not suffice
   */
  DeviceArray allocate(Type type, long length) {
    enter();
    long bytes = bytes(new DeviceArray(type, 0, length));
    LongByReference address = new LongByReference();
    int result = Driver.cuMemAlloc_v2(address, bytes);
    if (result == Driver.OUT_OF_MEMORY) {
      DeviceMemory memory = memory();
      throw new EngineUnavailableException(
          "the GPU has too little memory: %d MB more are needed, %d of %d MB are free"
              .formatted((bytes >> 20) + 1, memory.free() >> 20, memory.total() >> 20));
    }
    Driver.check("cuMemAlloc", result);
    DeviceArray array = new DeviceArray(type, address.getValue(), length);
    allocations.put(address.getValue(), array);
    changes++;
    return array;
  }

  /** What is allocated for an array. */
  private static long bytes(DeviceArray array) {
    return Math.max(16, array.bytes());
  }

  /**
   * {@code old} when it has the type and length, else a new array in its place. Where the memory
   * does not suffice for that, {@code old} is gone, and a caller that holds it may ask again.
   */
  DeviceArray atLeast(DeviceArray old, Type type, long length) {
    if (old != null && allocations.get(old.address()) == old) {
      if (old.type() == type && old.length() >= length) {
        return old;
      }
      free(old);
    }
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
    changes++;
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
    transfers().write(to, values, from, count);
  }

  void write(DeviceArray to, int[] values, int from, int count) {
    transfers().write(to, values, from, count);
  }

  void write(DeviceArray to, double[] values, int from, int count) {
    transfers().write(to, values, from, count);
  }

  /** Copies the bits of bf16 numbers. */
  void write(DeviceArray to, short[] values, int from, int count) {
    transfers().write(to, values, from, count);
  }

  /** Copies the array's beginning to {@code values[to..to + count)}, when it is computed. */
  void read(DeviceArray from, float[] values, int to, int count) {
    transfers().read(from, values, to, count);
  }

  void read(DeviceArray from, int[] values, int to, int count) {
    transfers().read(from, values, to, count);
  }

  void read(DeviceArray from, double[] values, int to, int count) {
    transfers().read(from, values, to, count);
  }

  /** Copies the bits of bf16 numbers. */
  void read(DeviceArray from, short[] values, int to, int count) {
    transfers().read(from, values, to, count);
  }

  /** All numbers of a float32 array. */
  float[] floats(DeviceArray array) {
    float[] values = new float[Math.toIntExact(array.length())];
    read(array, values, 0, values.length);
    return values;
  }

  private Transfers transfers() {
    enter();
    if (capturing) {
      throw new IllegalStateException("nothing is copied to or from the host within a graph");
    }
    return transfers;
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
    transfers.synchronize();
  }

  /**
   * A kernel by name.
   *
   * @param module name of its source without {@code .cu}
   * @param shared most dynamic shared memory in bytes that a launch will ask for
   */
  Kernel kernel(String module, String name, int shared) {
    return new Kernel(this, module, name, shared, false);
  }

  Kernel kernel(String module, String name) {
    return kernel(module, name, 0);
  }

  /** One that waits itself for what was launched before. */
  Kernel overlapping(String module, String name) {
    return new Kernel(this, module, name, 0, true);
  }

  Pointer function(String module, String name, int shared) {
    enter();
    if (capturing) {
      throw new IllegalStateException("kernel " + name + " must have run before it is recorded");
    }
    return modules.function(module, name, shared);
  }

  /**
   * @param overlapping whether the kernel waits for what was launched before. It may begin before
   *     that ends only behind another such kernel: what others wrote is complete then, and these
   *     write nothing that a kernel reads before it has waited.
   */
  void launch(
      String name,
      Pointer function,
      boolean overlapping,
      Kernel.Grid grid,
      int threads,
      int shared,
      Object... values) {
    boolean early = overlapping && afterOverlapping;
    enter();
    launcher.launch(name, function, early, grid, threads, shared, values);
    afterOverlapping = overlapping;
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
    transfers(); // not within another
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

  /** Before whatever is asked of the driver, which keeps a context by thread. */
  private void enter() {
    afterOverlapping = false;
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
    if (current != Thread.currentThread()) {
      Driver.check("cuCtxSetCurrent", Driver.cuCtxSetCurrent(context));
      current = Thread.currentThread();
    }
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
    modules.close();
    transfers.close();
    Driver.cuStreamDestroy_v2(stream);
    Driver.cuDevicePrimaryCtxRelease_v2(facts.ordinal());
    closed = true;
  }
}
