package org.treepo4j.tests.training;

import org.treepo4j.engines.samediff.SameDiffCausalLm;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;

class SameDiffLoraLawsTest extends LoraLaws {

  @Override
  CausalLm open(Weights weights) {
    return new SameDiffCausalLm(weights);
  }
}
