package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.Arrays;
import org.treepo4j.model.DeviceCopy;
import org.treepo4j.model.Parameter;

/**
 * A parameter on the device: values in float32, a copy of matrices in the type that products read,
 * and the gradient in float32. Each is brought to the device when it is first wanted there, and to
 * the heap when the {@link Parameter} is asked for it.
 */
final class CudaParameter implements DeviceCopy, AutoCloseable {
  /** Where the newest numbers are. */
  private enum Place {
    HEAP,
    BOTH,
    DEVICE
  }

  private final Device device;
  private final RowKernels rows;
  private final Parameter parameter;
  private final boolean halves;
  private DeviceArray values;

  /** Rounded values, for matrices with bf16; null else. */
  private DeviceArray rounded;

  private DeviceArray gradient;
  private Place valuesAt = Place.HEAP;
  private Place gradientAt = Place.HEAP;

  /** Whether the gradient is zero, whatever is stored. */
  private boolean zero;

  /** Whether the parameter asks here. */
  private boolean attached;

  /**
   * @param halves whether products read it in bf16
   */
  CudaParameter(Device device, RowKernels rows, Parameter parameter, boolean halves) {
    this.device = device;
    this.rows = rows;
    this.parameter = parameter;
    this.halves = halves;
  }

  Parameter parameter() {
    return parameter;
  }

  boolean trainable() {
    return parameter.trainable();
  }

  int size() {
    return parameter.size();
  }

  /** The present values, {@code F32 [size]}. */
  DeviceArray values() {
    if (valuesAt == Place.HEAP) {
      values = device.atLeast(values, F32, size());
      device.write(values, parameter.values(), 0, size());
      valuesAt = Place.BOTH;
      round();
    }
    return values;
  }

  /** The present values as products read them. */
  DeviceArray operand() {
    DeviceArray present = values();
    return halves ? rounded : present;
  }

  /** The values in bf16, where products read those; null else. */
  DeviceArray rounded() {
    values();
    return rounded;
  }

  private void round() {
    if (halves) {
      rounded = device.atLeast(rounded, BF16, size());
      rows.convert(size(), values, rounded);
    }
  }

  /** The gradient so far, {@code F32 [size]}, to be added to. */
  DeviceArray gradient() {
    attach();
    if (gradient == null) {
      gradient = device.allocate(F32, size());
    }
    if (zero || gradientAt == Place.HEAP && parameter.gradientOnHeap() == null) {
      device.clear(gradient);
    } else if (gradientAt == Place.HEAP) {
      device.write(gradient, parameter.gradientOnHeap(), 0, size());
    }
    zero = false;
    gradientAt = Place.DEVICE;
    return gradient;
  }

  /** An optimiser has changed {@link #values} and {@link #rounded}. */
  void stepped() {
    attach();
    valuesAt = Place.DEVICE;
  }

  /** Values on the heap may have been written. */
  void written() {
    if (valuesAt == Place.BOTH) {
      valuesAt = Place.HEAP;
    }
  }

  /** From here on the parameter asks here for what is newer. */
  private void attach() {
    if (!attached) {
      parameter.keepAt(this);
      attached = true;
    }
  }

  @Override
  public void bringValues(float[] to) {
    if (valuesAt == Place.DEVICE) {
      device.read(values, to, 0, to.length);
      valuesAt = Place.BOTH;
    }
  }

  @Override
  public boolean hasGradient() {
    return zero || gradientAt == Place.DEVICE;
  }

  @Override
  public void bringGradient(float[] to) {
    if (zero) {
      Arrays.fill(to, 0f);
    } else if (gradientAt == Place.DEVICE) {
      device.read(gradient, to, 0, to.length);
    }
    zero = false;
    gradientAt = Place.HEAP;
  }

  @Override
  public void zeroGradient() {
    zero = true;
  }

  @Override
  public void leave() {
    attached = false;
  }

  /** Brings what is newer to the heap, and frees the device's memory. */
  @Override
  public void close() {
    if (attached) {
      parameter.keepAt(null);
    }
    device.free(values);
    device.free(rounded);
    device.free(gradient);
  }
}
