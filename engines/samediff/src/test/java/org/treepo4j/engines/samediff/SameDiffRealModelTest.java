package org.treepo4j.engines.samediff;

import org.treepo4j.engines.contract.RealModelContract;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class SameDiffRealModelTest extends RealModelContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }
}
