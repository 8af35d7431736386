package org.treepo4j.rl.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.GradientClipping;
import org.treepo4j.model.Optimizer;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.Weights;
import org.treepo4j.rl.train.TinyTraining;

class WeightUpdateTest {
  private final Parameter parameter =
      new Parameter("w", new int[] {2, 2}, new float[] {1, 2, 3, 4}, true);
  private final FakePolicy policy =
      new FakePolicy(new Weights(TinyTraining.CONFIG, List.of(parameter)));

  @Test
  void aGradientThatIsNotFiniteIsThrownAwayAndCounted() {
    WeightUpdate update = update(2);
    gradient(1);
    assertThat(update.apply().skipped()).isFalse();
    float[] values = parameter.values().clone();
    for (float broken : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      parameter.gradient()[2] = broken;
      assertThat(update.apply().skipped()).isTrue();
      assertThat(parameter.values()).isEqualTo(values);
      assertThat(parameter.gradient()).containsOnly(0);
    }
    assertThat(update.optimizerSteps()).isEqualTo(1);
    assertThat(update.skippedInARow()).isEqualTo(2);
    assertThat(policy.changes).isEqualTo(1);
    gradient(1);
    assertThat(update.apply().skipped()).isFalse();
    assertThat(update.skippedInARow()).isZero();
    assertThat(parameter.values()).isNotEqualTo(values);
  }

  @Test
  void severalInARowEndTheRun() {
    WeightUpdate update = update(2);
    for (int i = 0; i < 2; i++) {
      gradient(Float.NaN);
      update.apply();
    }
    gradient(Float.NaN);
    assertThatThrownBy(update::apply)
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("not finite 3 times in a row")
        .hasMessageContaining("optimizer.learningRate.peak");
  }

  @Test
  void theScheduleFollowsThePlanWhereUpdatesAreMissing() {
    WeightUpdate update = update(2);
    gradient(1);
    assertThat(update.apply().learningRate()).isEqualTo(1);
    update.startAt(5);
    gradient(1);
    assertThat(update.apply().learningRate()).isEqualTo(0.5);
    update.startAt(9);
    gradient(1);
    assertThat(update.apply().learningRate()).isCloseTo(0.1, offset(1e-12));
  }

  @Test
  void theNormIsToldBeforeClipping() {
    gradient(10);
    assertThat(update(1).apply().gradientNorm()).isEqualTo(20);
  }

  private WeightUpdate update(int maxSkipped) {
    return new WeightUpdate(
        policy,
        new OptimizerSettings(
            new LearningRateSchedule(1, 0, LearningRateSchedule.Shape.LINEAR, 0),
            0.9,
            0.999,
            1e-8,
            0,
            1),
        10,
        maxSkipped);
  }

  private void gradient(float value) {
    Arrays.fill(parameter.gradient(), value);
  }

  /** A policy of four numbers. */
  private static final class FakePolicy implements Policy {
    private final Weights weights;
    private int changes;

    FakePolicy(Weights weights) {
      this.weights = weights;
    }

    @Override
    public CausalLm model() {
      throw new AssertionError("updates need no engine");
    }

    @Override
    public Weights trainable() {
      return weights;
    }

    @Override
    public Optimizer optimizer(AdamW.Settings settings) {
      AdamW adamW = new AdamW(weights, settings);
      return new Optimizer() {
        @Override
        public double gradientNorm() {
          return GradientClipping.globalNorm(weights);
        }

        @Override
        public void step(double learningRate, float gradientScale) {
          adamW.step(learningRate, gradientScale);
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
      };
    }

    @Override
    public void weightsChanged() {
      throw new AssertionError("the optimiser tells its engine");
    }

    @Override
    public void updated() {
      changes++;
    }

    @Override
    public void writeInto(Path folder) {}
  }
}
