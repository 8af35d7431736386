package org.treepo4j.engines.cuda;

import java.util.Arrays;
import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.model.LoraAdapter;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/** What the engine needs of the device's memory, in bytes. */
final class CudaMemory {

  private CudaMemory() {}

  /** Inner activations of one row of one block. */
  static long innerBytes(ModelConfig config, Type type) {
    long query = config.querySize();
    long kv = config.kvSize();
    long numbers = 2 * query + 2 * kv + 2L * config.ffnSize();
    long statistics = 2 + 2 * config.heads();
    if (config.qkNorm()) {
      numbers += query + kv;
      statistics += config.heads() + config.kvHeads();
    }
    if (config.architecture().norms() != Norms.BEFORE) {
      numbers += 2L * config.hiddenSize();
      statistics += 2;
    }
    return type.bytes() * numbers + Float.BYTES * (statistics + config.hiddenSize());
  }

  /** Keys, values and the final hidden state of a token that a decoder holds. */
  static long cachedToken(ModelConfig config, Type type) {
    return type.bytes() * (2L * config.layers() * config.kvSize() + config.hiddenSize());
  }

  /** The weights, and their copies in bf16 where products read those. */
  static long weights(Weights weights, Type type) {
    long bytes = 0;
    for (Parameter parameter : weights.parameters()) {
      long size = size(parameter.shape());
      boolean matrix = parameter.shape().length > 1;
      LoraAdapter adapter = parameter.adapter();
      long rounded = matrix && type == Type.BF16 ? Type.BF16.bytes() : 0;
      if (adapter == null) {
        bytes += size * (Float.BYTES + rounded);
      } else {
        bytes += size * type.bytes();
        bytes += (size(adapter.a().shape()) + size(adapter.b().shape())) * (Float.BYTES + rounded);
      }
    }
    return bytes;
  }

  /** Numbers in a model. */
  static long parameters(ModelConfig config) {
    return TensorNames.shapes(config).values().stream().mapToLong(CudaMemory::size).sum();
  }

  private static long size(int[] shape) {
    return Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
  }
}
