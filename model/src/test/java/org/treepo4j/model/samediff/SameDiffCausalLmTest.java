package org.treepo4j.model.samediff;

import org.treepo4j.model.CausalLm;
import org.treepo4j.model.CausalLmContract;
import org.treepo4j.model.Weights;

class SameDiffCausalLmTest extends CausalLmContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }
}
