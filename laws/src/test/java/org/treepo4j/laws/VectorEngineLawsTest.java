package org.treepo4j.laws;

import org.treepo4j.engines.vector.VectorEngine;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.EngineOptions;

class VectorEngineLawsTest implements EngineLaws {
  @Override
  public CausalLm open(Weights weights) {
    return new VectorEngine().open(weights, EngineOptions.defaults());
  }
}
