package org.treepo4j.rl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Optimizer;
import org.treepo4j.model.Weights;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.reward.Reward;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.rl.run.CheckpointSettings;
import org.treepo4j.rl.run.FullPolicy;
import org.treepo4j.rl.run.Policy;
import org.treepo4j.rl.run.TrainingException;
import org.treepo4j.rl.sampling.EvaluationSettings;

class TrainerTest {
  private static final List<Task> HELD_OUT = TinyTraining.tasks("dd", "ee", "ff", "gg");
  private static final CheckpointSettings SELDOM = new CheckpointSettings(0, 2);

  @TempDir Path output;
  private final CausalLm model = TinyTraining.model();
  private final TinyTraining.Listener listener = new TinyTraining.Listener();

  @AfterEach
  void close() {
    model.close();
  }

  /** Of the four held-out tasks, so many are solved in each evaluation. */
  private static Reward solving(Integer... counts) {
    Iterator<Integer> evaluations = List.of(counts).iterator();
    int[] state = {0, 0}; // inputs of this evaluation seen, tasks solved in it
    return input -> {
      if (input.task().prompt().text().length() == 1) {
        return TinyTraining.LENGTH.score(input);
      }
      if (state[0] == 0) {
        state[1] = evaluations.next();
      }
      boolean solved = state[0] < state[1];
      state[0] = (state[0] + 1) % HELD_OUT.size();
      return new Score(0, solved);
    };
  }

  @Test
  void theBestCheckpointIsKeptBesidesTheLast() throws IOException {
    TrainSettings settings =
        TinyTraining.settings(
            output,
            TinyTraining.loop(6, 10, false),
            new EvaluationSettings(1, 0, 1, 1, 0),
            new CheckpointSettings(1, 1));
    Trainer.Summary summary =
        TinyTraining.trainer(settings, model, solving(1, 2, 1, 3, 3, 2, 0), HELD_OUT, listener)
            .run(Optional.empty());
    assertThat(summary.accuracyBefore()).isEqualTo(0.25);
    assertThat(summary.bestAccuracy()).isEqualTo(0.75);
    assertThat(summary.accuracyAfter()).isZero();
    assertThat(summary.bestCheckpoint()).hasValue(output.resolve("checkpoints/step-000003"));
    assertThat(summary.checkpoint()).isEqualTo(output.resolve("checkpoints/step-000006"));
    assertThat(checkpoints()).containsExactly("step-000003", "step-000006");
    assertThat(listener.steps.stream().map(step -> step.get("eval_accuracy")))
        .containsExactly(0.5, 0.25, 0.75, 0.75, 0.5, 0.0);
  }

  @Test
  void aRunThatGetsNoBetterStopsEarly() throws IOException {
    TrainSettings settings =
        TinyTraining.settings(
            output,
            TinyTraining.loop(20, 10, false),
            new EvaluationSettings(2, 0, 1, 1, 2),
            SELDOM);
    Trainer.Summary summary =
        TinyTraining.trainer(settings, model, solving(1, 3, 2, 3), HELD_OUT, listener)
            .run(Optional.empty());
    assertThat(summary.state().step()).isEqualTo(6);
    assertThat(summary.accuracyAfter()).isEqualTo(0.75);
    assertThat(checkpoints()).containsExactly("step-000002", "step-000006");
    assertThat(listener.notes).last().asString().startsWith("stopped early");
  }

  @Test
  void aBudgetOfSampledTokensEndsTheRunWithTheStepThatUsesItUp() throws IOException {
    TrainSettings settings =
        TinyTraining.settings(
            output, TinyTraining.budget(1000, 200), EvaluationSettings.defaults(), SELDOM);
    Trainer.Summary summary =
        TinyTraining.trainer(settings, model, TinyTraining.LENGTH, List.of(), listener)
            .run(Optional.empty());
    long steps = summary.state().step();
    long lastStep = listener.steps.get((int) steps - 1).get("sampled_tokens").longValue();
    assertThat(summary.state().sampledTokens()).isBetween(200L, 200L + lastStep - 1);
    assertThat(listener.expected).hasSize((int) steps).last().isEqualTo(steps);
    assertThat(listener.expected).allMatch(expected -> expected <= 3 * steps);
  }

  @Test
  void withoutHeldOutTasksNothingIsMeasuredAndTheEndIsKept() throws IOException {
    TrainSettings settings =
        TinyTraining.settings(
            output, TinyTraining.loop(3, 10, false), EvaluationSettings.defaults(), SELDOM);
    Trainer.Summary summary =
        TinyTraining.trainer(settings, model, TinyTraining.LENGTH, List.of(), listener)
            .run(Optional.empty());
    assertThat(summary.accuracyBefore()).isNaN();
    assertThat(summary.bestCheckpoint()).isEmpty();
    assertThat(summary.state().updates()).isEqualTo(6);
    assertThat(checkpoints()).containsExactly("step-000003");
    assertThat(listener.steps).hasSize(3).noneMatch(step -> step.containsKey("eval_accuracy"));
  }

  /** Contrast ends after some responses, as it does when everything is solved. */
  private static Reward contrastFor(int responses) {
    int[] seen = {0};
    return input -> new Score(seen[0]++ < responses ? input.responseTokens() : 1, true);
  }

  @Test
  void whenARunCannotGoOnWhatItLearnedIsKept() throws IOException {
    TrainSettings settings =
        TinyTraining.settings(
            output, TinyTraining.loop(50, 2, false), EvaluationSettings.defaults(), SELDOM);
    Trainer trainer = TinyTraining.trainer(settings, model, contrastFor(60), List.of(), listener);
    assertThatThrownBy(() -> trainer.run(Optional.empty())).isInstanceOf(TrainingException.class);
    int done = listener.steps.size();
    assertThat(done).isPositive();
    assertThat(checkpoints()).containsExactly("step-%06d".formatted(done));
    assertThat(listener.notes).last().asString().contains("kept what was learned");
  }

  @Test
  void whenAnEvaluationsRewardsAllFailWhatWasLearnedIsKept() throws IOException {
    TrainSettings settings =
        TinyTraining.settings(
            output, TinyTraining.loop(3, 10, false), EvaluationSettings.defaults(), SELDOM);
    boolean[] learning = {false};
    Reward reward =
        input -> {
          learning[0] |= !input.task().id().equals("held-out");
          if (learning[0] && input.task().id().equals("held-out")) {
            throw new IllegalStateException("no such unit");
          }
          return TinyTraining.LENGTH.score(input);
        };
    List<Task> heldOut = List.of(Task.of("held-out", "a", ""));
    Trainer trainer = TinyTraining.trainer(settings, model, reward, heldOut, listener);
    assertThatThrownBy(() -> trainer.run(Optional.empty()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("evaluation: all ")
        .hasMessageContaining("no such unit");
    assertThat(checkpoints()).hasSize(1);
    assertThat(listener.notes).last().asString().contains("kept what was learned");
  }

  @Test
  void aStepWithNothingToLearnFromIsToldAndPassedWhereStepsMayBeShort() throws IOException {
    TrainSettings settings =
        TinyTraining.settings(
            output, TinyTraining.loop(8, 2, true), EvaluationSettings.defaults(), SELDOM);
    Trainer.Summary summary =
        TinyTraining.trainer(settings, model, contrastFor(60), List.of(), listener)
            .run(Optional.empty());
    assertThat(summary.state().step()).isEqualTo(8);
    assertThat(summary.state().updates()).isBetween(1L, 15L);
    assertThat(listener.steps)
        .last()
        .satisfies(
            step -> {
              assertThat(step).containsEntry("prompts_trained", 0L).containsEntry("updates", 0L);
              assertThat(step).doesNotContainKeys("loss", "learning_rate", "gradient_norm");
            });
    assertThat(listener.notes).last().asString().contains("step 8: nothing to learn from");
  }

  @Test
  void aRunAllOfWhoseUpdatesAreSkippedEndsWithAnError() {
    TrainSettings settings =
        TinyTraining.settings(
            output, TinyTraining.loop(1, 10, false), new EvaluationSettings(0, 0, 1, 1, 0), SELDOM);
    Trainer trainer =
        new Trainer(
            settings,
            TinyTraining.parts(
                settings,
                new WithoutGradients(new FullPolicy(model, output)),
                TinyTraining.LENGTH,
                List.of()),
            listener);
    assertThatThrownBy(() -> trainer.run(Optional.empty()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("not finite in any of the run's 2 updates");
  }

  /** A policy whose gradients are never finite. */
  private record WithoutGradients(Policy policy) implements Policy {
    @Override
    public CausalLm model() {
      return policy.model();
    }

    @Override
    public Weights trainable() {
      return policy.trainable();
    }

    @Override
    public Optimizer optimizer(AdamW.Settings settings) {
      Optimizer whole = policy.optimizer(settings);
      return new Optimizer() {
        @Override
        public double gradientNorm() {
          return Double.NaN;
        }

        @Override
        public void step(double learningRate, float gradientScale) {
          throw new AssertionError("a gradient that is not finite is thrown away");
        }

        @Override
        public long steps() {
          return whole.steps();
        }

        @Override
        public Map<String, float[]> state() {
          return whole.state();
        }

        @Override
        public void restore(long stepsDone, Map<String, float[]> saved) {
          whole.restore(stepsDone, saved);
        }
      };
    }

    @Override
    public void weightsChanged() {
      policy.weightsChanged();
    }

    @Override
    public void writeInto(Path folder) throws IOException {
      policy.writeInto(folder);
    }
  }

  @Test
  void theKlIsToldWithAReferenceOnly() throws IOException {
    TrainSettings settings =
        TinyTraining.settings(
            output, TinyTraining.loop(1, 10, false), EvaluationSettings.defaults(), SELDOM);
    TinyTraining.trainer(settings, model, TinyTraining.LENGTH, List.of(), listener)
        .run(Optional.empty());
    assertThat(listener.steps.get(0)).doesNotContainKey("kl").containsKey("behaviour_kl");
    assertThat(listener.steps.get(0).get("logprob_mismatch").doubleValue()).isLessThan(1e-4);
  }

  @Test
  void tokensOfATruncatedDistributionAreWeighedByWhatIsLeftOfIt() throws IOException {
    Map<String, Number> metrics = firstStep(Map.of("rollout.sampling.topP", 0.8));
    // With top-p, old / sampler is the share of the distribution that could be drawn.
    assertThat(metrics.get("rollout_correction_mean").doubleValue()).isBetween(0.8, 0.999);
    assertThat(metrics.get("rollout_correction_limited").doubleValue()).isZero();
    assertThat(metrics.get("logprob_mismatch").doubleValue()).isLessThan(1e-4);
    assertThat(metrics.get("logprob_mismatch_sequence").doubleValue()).isLessThan(1e-3);
  }

  @Test
  void aSamplerThatIsThePolicyIsNotCorrected() throws IOException {
    assertThat(firstStep(Map.of())).doesNotContainKeys("rollout_correction_mean");
    assertThat(firstStep(Map.of("rollout.sampling.topP", 0.8, "loss.rolloutCorrection", "none")))
        .doesNotContainKeys("rollout_correction_mean", "rollout_correction_limited");
  }

  @Test
  void overlongResponsesTakeNoPartInTheLossButInTheAdvantages() throws IOException {
    Map<String, Number> all = firstStep(Map.of());
    Map<String, Number> filtered = firstStep(Map.of("loss.overlongFiltering", true));
    assertThat(all.get("trajectories_trained").longValue()).isEqualTo(12);
    assertThat(filtered.get("trajectories_trained").longValue()).isBetween(1L, 11L);
    assertThat(filtered.get("reward_mean")).isEqualTo(all.get("reward_mean"));
  }

  @Test
  void aStepAllOfWhoseResponsesWereCutIsToldAndPassed() throws IOException {
    Map<String, Number> metrics =
        firstStep(
            Map.of(
                "loss.overlongFiltering", true,
                "rollout.segmentLength", 1,
                "rollout.maxDepth", 1,
                "rollout.sampling.topK", 1, // no end-of-sequence token
                "trainer.dynamicSampling", false));
    assertThat(metrics).containsEntry("updates", 0L).doesNotContainKey("loss");
    assertThat(listener.notes).anyMatch(note -> note.contains("every response was cut"));
  }

  /** Metrics of the first step of a run whose settings differ so from the others'. */
  private Map<String, Number> firstStep(Map<String, Object> changes) throws IOException {
    Path folder = Files.createTempDirectory(output, "run");
    Settings<TrainSettings> changed =
        Settings.of(
            TinyTraining.settings(
                folder, TinyTraining.loop(1, 10, false), EvaluationSettings.defaults(), SELDOM));
    changes.forEach(changed::set);
    listener.steps.clear();
    try (CausalLm fresh = TinyTraining.model()) {
      TinyTraining.trainer(changed.build(), fresh, TinyTraining.LENGTH, List.of(), listener)
          .run(Optional.empty());
    }
    return listener.steps.get(0);
  }

  private List<String> checkpoints() throws IOException {
    try (Stream<Path> found = Files.list(output.resolve("checkpoints"))) {
      return found.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
