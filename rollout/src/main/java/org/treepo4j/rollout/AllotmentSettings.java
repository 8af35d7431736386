package org.treepo4j.rollout;

import org.treepo4j.base.settings.Setting;

/** Who gets the children of a step; {@code rollout.allotment.*}. */
public record AllotmentSettings(
    @Setting("How the divergence budget is shared by the active paths; recipe tree_div_policy.")
        Allotment policy,
    @Setting(
            "CONSTANT, SINUSOID_ASCENDING or SINUSOID_DESCENDING over the training run; recipe"
                + " div_temp_scheduler.scheduler_type.")
        TemperatureSchedule schedule,
    @Setting(
            "Softmax temperature of the shares with schedule CONSTANT; recipe"
                + " tree_logprob_div_temperature.")
        double temperature,
    @Setting("Lowest temperature of a sinusoid schedule; recipe min_temp.") double minTemperature,
    @Setting("Highest temperature of a sinusoid schedule; recipe max_temp.")
        double maxTemperature) {

  public static AllotmentSettings defaults() {
    return new AllotmentSettings(Allotment.EVEN, TemperatureSchedule.CONSTANT, 1, 0.5, 10);
  }

  public AllotmentSettings {
    Checks.present("policy", policy);
    Checks.present("schedule", schedule);
    Checks.within("temperature", temperature, 1e-6, 1e6);
    Checks.within("minTemperature", minTemperature, 1e-6, 1e6);
    Checks.within("maxTemperature", maxTemperature, minTemperature, 1e6);
  }

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
}
