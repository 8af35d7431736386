package org.treepo4j.tests.training;

import net.jqwik.api.lifecycle.AddLifecycleHook;
import org.treepo4j.engines.cuda.CudaEngine;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.testsupport.NeedsCuda;

@AddLifecycleHook(NeedsCuda.class)
class CudaTreeTrainingLawsTest extends TreeTrainingLaws {

  @Override
  CausalLm open(Weights weights) {
    return new CudaEngine().open(weights, EngineOptions.defaults());
  }
}
