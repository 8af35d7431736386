package org.treepo4j.engines.samediff;

import org.treepo4j.engines.contract.CausalLmContract;
import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class SameDiffCausalLmTest implements CausalLmContract {
  @Override
  public CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }

  @Override
  public boolean runs(TinyModels family) {
    return new SameDiffEngine().problem(family.config()).isEmpty();
  }
}
