package org.treepo4j.rl.train;

import java.nio.file.Path;
import java.util.Locale;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.WeightStorage;
import org.treepo4j.rl.advantage.AdvantageSettings;
import org.treepo4j.rl.data.DataSettings;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.metrics.MetricsSettings;
import org.treepo4j.rl.reward.RewardSettings;
import org.treepo4j.rl.run.CheckpointSettings;
import org.treepo4j.rl.run.OptimizerSettings;
import org.treepo4j.rl.sampling.EvaluationSettings;
import org.treepo4j.rollout.RolloutSettings;

/** A reinforcement learning run: {@code ./treepo train}. */
public record TrainSettings(
    @Setting(
            value = "Hugging Face folder or GGUF file of the policy to start from",
            required = true)
        Path model,
    @Setting(
            "frozen reference policy of loss.kl: Hugging Face folder or GGUF file with the tokenizer of"
                + " the model, of any size; the model as it starts when absent")
        Path reference,
    @Setting(value = "run folder: checkpoints, metrics, trees", required = true, mayChange = true)
        Path output,
    @Setting(value = "which engine computes, and how", inline = true) EngineOptions engine,
    @Setting(
            value =
                "engine that samples, as engine; same for the one that trains. The other one's"
                    + " weights are sampled, logprob_mismatch tells how far the two are apart",
            mayChange = true)
        String samplingEngine,
    @Setting("seed of everything random") long seed,
    @Setting("tasks to learn on and to be measured on") DataSettings data,
    @Setting("how trees are sampled") RolloutSettings rollout,
    @Setting("what a response is worth") RewardSettings reward,
    @Setting("how rewards become advantages") AdvantageSettings advantage,
    @Setting("how advantages become a loss") LossSettings loss,
    @Setting("AdamW and what surrounds an update") OptimizerSettings optimizer,
    @Setting("the loop") TrainerSettings trainer,
    @Setting("measuring on held-out tasks") EvaluationSettings evaluation,
    @Setting("checkpoints") CheckpointSettings checkpoint,
    @Setting("where metrics go besides the run's folder") MetricsSettings metrics,
    @Setting("train low-rank adapters instead of all weights") LoraSettings lora) {

  /** Samples with the engine that trains. */
  public static final String SAME_ENGINE = "same";

  public static TrainSettings defaults() {
    return new TrainSettings(
        null,
        null,
        null,
        EngineOptions.defaults(),
        SAME_ENGINE,
        1,
        DataSettings.defaults(),
        RolloutSettings.defaults(),
        RewardSettings.defaults(),
        AdvantageSettings.defaults(),
        LossSettings.defaults(),
        OptimizerSettings.defaults(),
        TrainerSettings.defaults(),
        EvaluationSettings.defaults(),
        CheckpointSettings.defaults(),
        MetricsSettings.defaults(),
        LoraSettings.defaults());
  }

  public TrainSettings {
    samplingEngine = samplingEngine.toLowerCase(Locale.ROOT);
    if (!(rollout.sampling().temperature() > 0)) {
      throw new IllegalArgumentException(
          "rollout.sampling.temperature must be positive for training, was "
              + rollout.sampling().temperature());
    }
    if (trainer.dynamicSampling() && rollout.maxWidth() < 2) {
      throw new IllegalArgumentException(
          "rollout.maxWidth must be at least 2 with trainer.dynamicSampling, which looks for"
              + " prompts whose trajectories differ, was "
              + rollout.maxWidth());
    }
    if (reference != null && !loss.needsReference()) {
      throw new IllegalArgumentException(
          "reference must be absent without loss.kl, was " + reference);
    }
    if (reward.overlongBuffer() > rollout.maxResponseTokens()) {
      throw new IllegalArgumentException(
          "reward.overlongBuffer must be at most rollout.maxResponseTokens (%d), was %d"
              .formatted(rollout.maxResponseTokens(), reward.overlongBuffer()));
    }
  }

  /** The frozen policy of KL terms, where there is one. */
  public Path referenceModel() {
    return reference == null ? model : reference;
  }

  /** Which engine samples, and how. */
  public EngineOptions sampling() {
    return sameEngine() ? engine : engine.withEngine(samplingEngine);
  }

  /** Which engine scores and trains, and how. */
  public EngineOptions training() {
    return sameEngine() ? engine : engine.withWeights(WeightStorage.F32);
  }

  /**
   * Refuses engines that cannot run here.
   *
   * @throws org.treepo4j.model.EngineUnavailableException naming the first
   */
  public void requireEngines() {
    Engines.choose(training());
    Engines.choose(sampling());
  }

  /** Whether one engine does both. */
  public boolean sameEngine() {
    return samplingEngine.equals(SAME_ENGINE) || samplingEngine.equals(engine.engine());
  }

  /** The loss with its rollout correction decided: whether the sampler differs is known here. */
  public LossSettings effectiveLoss() {
    return loss.forSampler(
        !sameEngine() || engine.weights() != WeightStorage.F32 || rollout.sampling().truncates());
  }

  /** The same run in another folder. */
  public TrainSettings withOutput(Path folder) {
    return Settings.of(this).set("output", folder).build();
  }
}
