package org.treepo4j.engines.vector;

import org.treepo4j.engines.contract.CausalLmContract;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class VectorCausalLmContractTest implements CausalLmContract {
  @Override
  public CausalLm open(Weights weights) {
    return new VectorCausalLm(weights, VectorOptions.defaults());
  }
}
