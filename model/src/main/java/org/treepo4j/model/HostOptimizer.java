package org.treepo4j.model;

import java.util.Map;

/** AdamW on the heap; the engine takes the new values over. */
final class HostOptimizer implements Optimizer {
  private final CausalLm model;
  private final Weights trained;
  private final AdamW adamW;

  HostOptimizer(CausalLm model, Weights trained, AdamW.Settings settings) {
    this.model = model;
    this.trained = trained;
    this.adamW = new AdamW(trained, settings);
  }

  @Override
  public double gradientNorm() {
    return GradientClipping.globalNorm(trained);
  }

  @Override
  public void step(double learningRate, float gradientScale) {
    adamW.step(learningRate, gradientScale);
    model.weightsChanged();
  }

  @Override
  public long steps() {
    return adamW.steps();
  }

  @Override
  public Map<String, float[]> state() {
    return adamW.state();
  }

  @Override
  public void restore(long stepsDone, Map<String, float[]> saved) {
    adamW.restore(stepsDone, saved);
  }
}
