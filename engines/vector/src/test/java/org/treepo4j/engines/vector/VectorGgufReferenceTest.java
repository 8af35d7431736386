package org.treepo4j.engines.vector;

import org.treepo4j.engines.contract.GgufReferenceContract;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class VectorGgufReferenceTest extends GgufReferenceContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new VectorCausalLm(weights, VectorOptions.defaults());
  }
}
