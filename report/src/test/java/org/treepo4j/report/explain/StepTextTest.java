package org.treepo4j.report.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.report.TreeText;
import org.treepo4j.rl.advantage.AdvantageBreakdown;
import org.treepo4j.rl.advantage.AdvantageBreakdown.GroupComparison;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.loss.LossSettings.PolicyForm;
import org.treepo4j.rl.loss.TokenLoss;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rl.reward.Score;
import org.treepo4j.rl.run.FullPolicy;
import org.treepo4j.rl.sampling.PromptEncoder;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.tokenizer.Tokenizer;

/** The walk through a step of a random model that is rewarded for responses of even length. */
@TestInstance(Lifecycle.PER_CLASS)
class StepTextTest {
  private Tokenizer tokenizer;
  private CausalLm model;
  private TrainSettings settings;
  private ExplainedStep step;

  @BeforeAll
  void makeStep() throws Exception {
    Path folder = Path.of(System.getProperty("treepo.root"), "examples/chain-sums/tokenizer");
    tokenizer = Tokenizer.load(folder);
    model = Engines.open(RandomWeights.create(config(), 5), EngineOptions.defaults());
    settings = settings();
    step = explain(settings);
  }

  private ExplainedStep explain(TrainSettings of) throws Exception {
    try (RewardRunner rewards =
        new RewardRunner(
            input -> {
              boolean even = input.response().length() % 2 == 0;
              return new Score(even ? 1 : 0, even);
            },
            Duration.ofSeconds(5),
            0,
            1)) {
      TaskSampler sampler =
          new TaskSampler(
              of.rollout(),
              tokenizer,
              new PromptEncoder(tokenizer, Optional.empty()),
              model.config().eosTokenIds(),
              model.config().maxPositions(),
              rewards);
      List<Task> tasks =
          IntStream.range(0, 16).mapToObj(i -> Task.of("t" + i, i + "+1=", "" + (i + 1))).toList();
      return new StepExplainer(
              of,
              new FullPolicy(model, Path.of("model")),
              of.loss().needsReference() ? Optional.of(model) : Optional.empty(),
              sampler)
          .explain(tasks);
    }
  }

  @AfterAll
  void close() {
    model.close();
  }

  private ModelConfig config() {
    return new ModelConfig(
        Architecture.LLAMA,
        tokenizer.vocabSize(),
        16,
        2,
        2,
        2,
        8,
        32,
        64,
        1e-6,
        10_000,
        RopeScaling.NONE,
        false,
        false,
        false,
        true,
        -1,
        List.of(0));
  }

  private static TrainSettings settings() {
    TrainSettings d = TrainSettings.defaults();
    return new TrainSettings(
        Path.of("model"),
        null,
        Path.of("run"),
        d.engine(),
        d.samplingEngine(),
        d.seed(),
        d.data(),
        d.rollout().ofSize(6, 4, 3),
        d.reward(),
        d.advantage(),
        d.loss(),
        d.optimizer(),
        d.trainer(),
        d.evaluation(),
        d.checkpoint(),
        d.metrics(),
        d.lora());
  }

  private String text() throws IOException {
    return text(step, settings);
  }

  private String text(ExplainedStep step, TrainSettings settings) throws IOException {
    StringBuilder out = new StringBuilder();
    StepText.print(step, settings, ids -> tokenizer.decode(ids, true), TreeText.Style.PLAIN, out);
    return out.toString();
  }

  @Test
  void theTreeHasASubGroupToCompare() {
    assertThat(SubGroups.of(step.tree()))
        .anyMatch(group -> group.node() != 0 && group.differ())
        .allMatch(group -> group.members().size() > 1);
  }

  @Test
  void tokenLossesAddUpToTheLoss() {
    assertThat(step.tokens().stream().mapToDouble(TokenLoss::loss).sum())
        .isCloseTo(step.loss(), within(1e-9));
    assertThat(step.tokens()).allMatch(loss -> loss.ratio() == 1 && !loss.clipped());
  }

  @ParameterizedTest
  @EnumSource(PolicyForm.class)
  void everyPolicyLossIsWalkedThroughWithCorrectionAndFiltering(PolicyForm policy)
      throws Exception {
    TrainSettings other =
        Settings.of(settings)
            .set("loss.policy", policy)
            .set("loss.overlongFiltering", true)
            .set("rollout.sampling.topP", 0.9)
            .build();
    ExplainedStep walked = explain(other);
    assertThat(walked.tokens().stream().mapToDouble(TokenLoss::loss).sum())
        .isCloseTo(walked.loss(), within(1e-9));
    assertThat(walked.trained()).hasSizeLessThan(walked.advantages().size()).isNotEmpty();
    assertThat(text(walked, other))
        .contains("were cut and take no part", "The sampler is not the policy that is trained");
    assertThat(text(walked, other).lines()).allMatch(line -> line.length() <= 110);
  }

  @Test
  void aSmallUpdateMakesTheLossFall() {
    assertThat(step.gradientNorm()).isPositive();
    assertThat(step.tokensAfter().stream().mapToDouble(TokenLoss::loss).sum())
        .isLessThan(step.loss());
  }

  @Test
  void everyDifferenceAndAdvantageIsSpelledOut() throws IOException {
    String text = text();
    for (AdvantageBreakdown breakdown : step.advantages()) {
      for (GroupComparison comparison : breakdown.comparisons()) {
        if (comparison.kept()) {
          assertThat(text)
              .contains(
                  "R − mean(G_%d) = %.0f − %.3f = %+.3f"
                      .formatted(
                          comparison.depth(),
                          breakdown.reward(),
                          comparison.mean(),
                          comparison.difference()));
        }
      }
      assertThat(text).contains("whitened: A = %+.3f".formatted(breakdown.tokens()[0]));
    }
  }

  @Test
  void theWalkHasItsEightStationsAndEveryTrajectory() throws IOException {
    String text = text();
    assertThat(text)
        .contains(
            "1. The prompt",
            "2. The tree",
            "3. Rewards",
            "4. Sub-groups",
            "5. Advantages (estimator treepo)",
            "6. The loss of each token",
            "7. The gradient",
            "8. What the update changed");
    for (int i = 0; i < step.tree().trajectories().size(); i++) {
      assertThat(text).contains("  T" + (i + 1) + "   R = ");
    }
    assertThat(text.lines()).allMatch(line -> line.length() <= 110);
  }
}
