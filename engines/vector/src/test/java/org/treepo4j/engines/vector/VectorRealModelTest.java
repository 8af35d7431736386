package org.treepo4j.engines.vector;

import org.treepo4j.engines.contract.RealModelContract;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.WeightStorage;

class VectorRealModelTest extends RealModelContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new VectorCausalLm(weights, VectorOptions.of(2, WeightStorage.F32));
  }
}
