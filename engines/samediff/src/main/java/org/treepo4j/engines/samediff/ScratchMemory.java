package org.treepo4j.engines.samediff;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Native memory of one graph execution: frees an intermediate as soon as SameDiff has no more use
 * for it, and everything that is left when the execution ends. ND4J's own manager caches up to a
 * quarter of the memory, and its gradient calls free nothing before the garbage collector runs.
 */
final class ScratchMemory extends AbstractMemoryMgr {
  private final IdentityHashMap<INDArray, Tensor> live = new IdentityHashMap<>();

  @Override
  public INDArray allocate(boolean detached, DataType dataType, long... shape) {
    if (dataType != DataType.FLOAT) {
      return Nd4j.createUninitializedDetached(dataType, shape);
    }
    Tensor tensor = Tensor.uninitialized(shape);
    live.put(tensor.array(), tensor);
    return tensor.array();
  }

  @Override
  public INDArray allocate(boolean detached, LongShapeDescriptor descriptor) {
    if (descriptor.isEmpty()) {
      return Nd4j.create(descriptor);
    }
    return allocate(detached, descriptor.dataType(), descriptor.getShape());
  }

  @Override
  public void release(INDArray array) {
    Tensor tensor = live.remove(array);
    if (tensor != null) {
      tensor.close();
    }
  }

  /** Hands these arrays to the caller and frees everything else. */
  List<Tensor> keep(List<INDArray> kept) {
    List<Tensor> tensors = new ArrayList<>(kept.size());
    for (INDArray array : kept) {
      tensors.add(live.remove(array));
    }
    close();
    return tensors;
  }

  /** Frees everything allocated and not handed out. */
  @Override
  public void close() {
    live.values().forEach(Tensor::close);
    live.clear();
  }
}
