package org.treepo4j.engines.samediff;

import org.treepo4j.engines.contract.GgufReferenceContract;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class SameDiffGgufReferenceTest extends GgufReferenceContract {
  @Override
  protected CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }
}
