package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.DeviceArray.Type;

/**
 * What a pass over some rows computes on its way. For a backward pass the inputs of all blocks are
 * kept, and what is inside the first blocks, as far as there is memory; the others share one set,
 * which is filled again. Without one a single residual stream is worked on in place.
 */
final class Activations implements AutoCloseable {
  /** What of the free memory is left to others. */
  private static final double SPARE = 0.2;

  private final Device device;
  private final ModelConfig config;
  private final Type type;
  private DeviceArray[] streams = new DeviceArray[0];
  private Inner[] inner = new Inner[0];
  private boolean gradients;
  private int reserved;
  private int filled = -1;

  /** Final hidden states, {@code [rows × hidden]}, and their norm's inverses. */
  private DeviceArray hidden;

  private DeviceArray inverse;

  /** What one block computes; {@code [rows × …]}, null where the model has it not. */
  static final class Inner {
    /** Inverse root mean squares of the inputs of attention and feed-forward layer, {@code [1]}. */
    DeviceArray inputInverse;

    DeviceArray middleInverse;

    /** Queries and keys before their norms, {@code [query]} and {@code [kv]}. */
    DeviceArray rawQ;

    DeviceArray rawK;
    DeviceArray queryInverse;
    DeviceArray keyInverse;
    DeviceArray q;
    DeviceArray k;
    DeviceArray v;

    /** Output of attention, {@code [query]}. */
    DeviceArray attended;

    /** Greatest scores and inverse sums of exponentials, {@code [heads × 2]}. */
    DeviceArray normalizers;

    /** Outputs of the layers before their norms, {@code [hidden]}. */
    DeviceArray attentionOut;

    DeviceArray attentionOutInverse;
    DeviceArray ffnOut;
    DeviceArray ffnOutInverse;

    /** The residual stream between attention and feed-forward layer, {@code [hidden]}. */
    DeviceArray middle;

    /** {@code [ffn]}. */
    DeviceArray gate;

    DeviceArray up;

    private void reserve(Device device, ModelConfig config, Type type, long rows, boolean apart) {
      long width = config.hiddenSize();
      long query = config.querySize();
      long kv = config.kvSize();
      inputInverse = device.atLeast(inputInverse, F32, rows);
      middleInverse = device.atLeast(middleInverse, F32, rows);
      q = device.atLeast(q, type, rows * query);
      k = device.atLeast(k, type, rows * kv);
      v = device.atLeast(v, type, rows * kv);
      attended = device.atLeast(attended, type, rows * query);
      normalizers = device.atLeast(normalizers, F32, 2 * rows * config.heads());
      gate = device.atLeast(gate, type, rows * config.ffnSize());
      up = device.atLeast(up, type, rows * config.ffnSize());
      if (config.qkNorm()) {
        rawQ = device.atLeast(rawQ, type, rows * query);
        rawK = device.atLeast(rawK, type, rows * kv);
        queryInverse = device.atLeast(queryInverse, F32, rows * config.heads());
        keyInverse = device.atLeast(keyInverse, F32, rows * config.kvHeads());
      }
      if (config.architecture().norms() != Norms.BEFORE) {
        attentionOut = device.atLeast(attentionOut, type, rows * width);
        ffnOut = device.atLeast(ffnOut, type, rows * width);
        attentionOutInverse = device.atLeast(attentionOutInverse, F32, rows);
        ffnOutInverse = device.atLeast(ffnOutInverse, F32, rows);
      }
      if (apart) {
        middle = device.atLeast(middle, F32, rows * width);
      }
    }

    private void free(Device device) {
      for (DeviceArray array :
          new DeviceArray[] {
            inputInverse,
            middleInverse,
            rawQ,
            rawK,
            queryInverse,
            keyInverse,
            q,
            k,
            v,
            attended,
            normalizers,
            attentionOut,
            attentionOutInverse,
            ffnOut,
            ffnOutInverse,
            middle,
            gate,
            up
          }) {
        device.free(array);
      }
    }
  }

  /**
   * @param type of what is inside blocks; the residual stream is float32
   */
  Activations(Device device, ModelConfig config, Type type) {
    this.device = device;
    this.config = config;
    this.type = type;
  }

  /** Whether it is, or was last, for passes with gradients. */
  boolean forGradients() {
    return gradients;
  }

  /** Bytes that must be allocated for a pass, at least; 0 when it is ready. */
  long missing(int rows, boolean forGradients) {
    if (rows <= reserved && gradients == forGradients) {
      return 0;
    }
    long streams = forGradients ? config.layers() + 1 : 1;
    return rows
        * (Float.BYTES * streams * config.hiddenSize() + CudaMemory.innerBytes(config, type));
  }

  /** Makes ready for a pass. */
  void reserve(int rows, boolean forGradients) {
    filled = -1;
    if (rows <= reserved && gradients == forGradients) {
      return;
    }
    if (gradients != forGradients) {
      close();
    }
    gradients = forGradients;
    reserved = Math.max(reserved, rows);
    long width = config.hiddenSize();
    streams =
        streams.length == 0 ? new DeviceArray[forGradients ? config.layers() + 1 : 1] : streams;
    for (int i = 0; i < streams.length; i++) {
      streams[i] = device.atLeast(streams[i], F32, reserved * width);
    }
    hidden = device.atLeast(hidden, type, reserved * width);
    inverse = device.atLeast(inverse, F32, reserved);
    if (!forGradients) {
      inner = inner.length == 0 ? new Inner[] {new Inner()} : inner;
      inner[0].reserve(device, config, type, reserved, false);
      return;
    }
    for (Inner each : inner) {
      each.free(device);
    }
    inner = new Inner[keptBlocks(reserved) + 1];
    for (int i = 0; i < inner.length; i++) {
      inner[i] = new Inner();
      inner[i].reserve(device, config, type, reserved, true);
    }
  }

  /** Blocks whose inner activations are kept beside the set that the others share. */
  private int keptBlocks(long rows) {
    double room = device.memory().free() * (1 - SPARE);
    double block = rows * CudaMemory.innerBytes(config, type);
    return (int) Math.max(0, Math.min(config.layers() - 1, room / block - 1));
  }

  /** Input of a block, or of the final norm. */
  DeviceArray stream(int layer) {
    return streams[gradients ? layer : 0];
  }

  /** Where a block's middle goes; its input's place where that is not needed again. */
  DeviceArray middle(int layer) {
    return gradients ? of(layer).middle : streams[0];
  }

  /** Inner activations of a block, to be filled. */
  Inner fill(int layer) {
    if (layer >= inner.length - 1) {
      filled = layer;
    }
    return of(layer);
  }

  /** Whether the inner activations of a block are there. */
  boolean holds(int layer) {
    return layer < inner.length - 1 || filled == layer;
  }

  Inner of(int layer) {
    return inner[Math.min(layer, inner.length - 1)];
  }

  DeviceArray hidden() {
    return hidden;
  }

  DeviceArray inverse() {
    return inverse;
  }

  @Override
  public void close() {
    for (DeviceArray stream : streams) {
      device.free(stream);
    }
    for (Inner each : inner) {
      each.free(device);
    }
    device.free(hidden);
    device.free(inverse);
    streams = new DeviceArray[0];
    inner = new Inner[0];
    hidden = null;
    inverse = null;
    reserved = 0;
  }
}
