package org.treepo4j.model.samediff;

import org.treepo4j.model.CausalLm;
import org.treepo4j.model.RealModelContract;
import org.treepo4j.model.Weights;

class SameDiffRealModelTest extends RealModelContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }
}
