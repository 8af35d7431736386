package org.treepo4j.model.samediff;

import org.treepo4j.model.CausalLm;
import org.treepo4j.model.CausalLmReferenceContract;
import org.treepo4j.model.Weights;

class SameDiffCausalLmReferenceTest extends CausalLmReferenceContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }
}
