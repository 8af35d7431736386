package org.treepo4j.model.vector;

import org.treepo4j.model.CausalLm;
import org.treepo4j.model.RealModelContract;
import org.treepo4j.model.Weights;

class VectorRealModelTest extends RealModelContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new VectorCausalLm(weights, new VectorOptions(2, WeightStorage.F32, false));
  }
}
