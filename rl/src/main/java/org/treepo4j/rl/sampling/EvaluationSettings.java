package org.treepo4j.rl.sampling;

import org.treepo4j.base.settings.Setting;

/** How a run measures itself on held-out tasks, by independent samples. */
public record EvaluationSettings(
    @Setting(
            value = "steps between two evaluations; 0 for one before and one after the run",
            mayChange = true)
        int everySteps,
    @Setting("how many of the held-out tasks; 0 for all") int maxTasks,
    @Setting(value = "sampled answers per task; accuracy is their mean, pass@1", max = 4096)
        int samples,
    @Setting(value = "sampling temperature of evaluations; 0 is greedy", max = 1e6)
        double temperature,
    @Setting(
            value = "evaluations without a new best before the run stops early; 0 for never",
            mayChange = true,
            max = 1e6)
        int patience) {

  public static EvaluationSettings defaults() {
    return new EvaluationSettings(20, 0, 1, 1, 0);
  }

  public EvaluationSettings {
    if (everySteps < 0) {
      throw new IllegalArgumentException("everySteps must not be negative, was " + everySteps);
    }
    if (maxTasks < 0) {
      throw new IllegalArgumentException("maxTasks must not be negative, was " + maxTasks);
    }
    if (samples <= 0) {
      throw new IllegalArgumentException("samples must be positive, was " + samples);
    }
    if (!(temperature >= 0)) {
      throw new IllegalArgumentException("temperature must not be negative, was " + temperature);
    }
    if (patience < 0) {
      throw new IllegalArgumentException("patience must not be negative, was " + patience);
    }
  }
}
