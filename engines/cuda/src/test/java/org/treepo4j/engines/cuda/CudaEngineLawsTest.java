package org.treepo4j.engines.cuda;

import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.laws.EngineLaws;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.testsupport.NeedsCuda;

/** The whole contract in float32. On the emulator some laws are tried less often. */
@ExtendWith(NeedsCuda.class)
@AddLifecycleHook(NeedsCuda.class)
class CudaEngineLawsTest implements EngineLaws {
  @Override
  public CausalLm open(Weights weights) {
    return OpenedModels.f32(weights);
  }

  @Override
  public boolean runs(TinyModels family) {
    return OpenedModels.runs(family);
  }

  @Override
  @Property(tries = 3, edgeCases = EdgeCasesMode.NONE)
  public void forkedPathIsTheSamePathDecodedAlone(@ForAll TinyModels family, @ForAll long seed) {
    EngineLaws.super.forkedPathIsTheSamePathDecodedAlone(family, seed);
  }

  @Override
  @Property(tries = 6, edgeCases = EdgeCasesMode.NONE)
  public void gradientIsTheSlopeOfTheScore(@ForAll TinyModels family, @ForAll long seed) {
    EngineLaws.super.gradientIsTheSlopeOfTheScore(family, seed);
  }
}
