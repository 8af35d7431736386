package org.treepo4j.model.vector;

import org.treepo4j.model.CausalLm;
import org.treepo4j.model.LargeValuesContract;
import org.treepo4j.model.Weights;

class VectorLargeValuesTest extends LargeValuesContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new VectorCausalLm(weights, new VectorOptions(2, WeightStorage.F32, false));
  }
}
