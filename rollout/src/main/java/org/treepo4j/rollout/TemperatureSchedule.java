package org.treepo4j.rollout;

/** How the temperature of an allotment moves over training. */
public enum TemperatureSchedule {
  /** Always {@code temperature}. */
  CONSTANT {
    @Override
    double at(double progress, AllotmentSettings settings) {
      return settings.temperature();
    }
  },
  /** From {@code minTemperature} to {@code maxTemperature} along half a sine wave. */
  SINUSOID_ASCENDING {
    @Override
    double at(double progress, AllotmentSettings settings) {
      return settings.minTemperature() + span(settings) * (1 - Math.cos(Math.PI * progress)) / 2;
    }
  },
  /** From {@code maxTemperature} to {@code minTemperature} along half a sine wave. */
  SINUSOID_DESCENDING {
    @Override
    double at(double progress, AllotmentSettings settings) {
      return settings.minTemperature() + span(settings) * (1 + Math.cos(Math.PI * progress)) / 2;
    }
  };

  /**
   * @param progress share of training done, 0..1
   */
  abstract double at(double progress, AllotmentSettings settings);

  private static double span(AllotmentSettings settings) {
    return settings.maxTemperature() - settings.minTemperature();
  }
}
