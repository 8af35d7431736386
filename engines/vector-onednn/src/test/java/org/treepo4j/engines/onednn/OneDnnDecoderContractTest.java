package org.treepo4j.engines.onednn;

import org.treepo4j.engines.contract.BranchingDecoderContract;
import org.treepo4j.engines.vector.VectorCausalLm;
import org.treepo4j.engines.vector.VectorOptions;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.WeightStorage;

/** In float32 the laws hold as they stand; every matrix is oneDNN's, however small. */
class OneDnnDecoderContractTest implements BranchingDecoderContract {
  @Override
  public CausalLm open(Weights weights) {
    Hardware.require(WeightStorage.F32);
    return new VectorCausalLm(
        weights, VectorOptions.of(2, WeightStorage.F32), new OneDnnMatrices(2, 0));
  }
}
