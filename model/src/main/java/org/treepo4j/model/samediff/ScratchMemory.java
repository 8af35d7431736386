package org.treepo4j.model.samediff;

import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
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
  private final Set<INDArray> live = Collections.newSetFromMap(new IdentityHashMap<>());

  @Override
  public INDArray allocate(boolean detached, DataType dataType, long... shape) {
    return remember(Nd4j.createUninitializedDetached(dataType, shape));
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
    if (live.remove(array)) {
      array.close();
    }
  }

  /** Frees everything allocated but these arrays, which now belong to the caller. */
  void releaseAllBut(Collection<INDArray> kept) {
    kept.forEach(live::remove);
    live.forEach(INDArray::close);
    live.clear();
  }

  @Override
  public void close() {
    releaseAllBut(Set.of());
  }

  private INDArray remember(INDArray array) {
    live.add(array);
    return array;
  }
}
