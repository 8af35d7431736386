package org.treepo4j.model.samediff;

import org.treepo4j.model.CausalLm;
import org.treepo4j.model.LargeValuesContract;
import org.treepo4j.model.Weights;

class SameDiffLargeValuesTest extends LargeValuesContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }
}
