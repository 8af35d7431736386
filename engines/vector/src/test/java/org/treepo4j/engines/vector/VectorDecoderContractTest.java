package org.treepo4j.engines.vector;

import org.treepo4j.engines.contract.BranchingDecoderContract;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class VectorDecoderContractTest implements BranchingDecoderContract {
  @Override
  public CausalLm open(Weights weights) {
    return new VectorCausalLm(weights, VectorOptions.defaults());
  }
}
