package org.treepo4j.tests.docs.library;

import java.nio.file.Path;
import java.util.List;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.GradientClipping;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.report.TreeText;
import org.treepo4j.rl.advantage.AdvantageEstimators;
import org.treepo4j.rl.advantage.AdvantageSettings;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossResult;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.TrainingTree;
import org.treepo4j.rl.loss.TreeObjective;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rollout.RolloutPrompt;
import org.treepo4j.rollout.RolloutSettings;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.TokenText;
import org.treepo4j.rollout.TreeSampler;
import org.treepo4j.tokenizer.Tokenizer;

/** One step of TreePO in thirty lines: {@code docs/library.md} shows what is between the marks. */
public final class OneStep {
  private OneStep() {}

  // begin
  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    Tokenizer tokenizer = Tokenizer.load(folder);
    try (CausalLm model = Engines.open(folder, EngineOptions.defaults())) {
      // Sample a tree: 8 trajectories in at most 9 segments of at most 8 tokens.
      int[] eos = model.config().eosTokenIds().stream().mapToInt(id -> id).toArray();
      TokenText text = TaskSampler.tokenText(tokenizer);
      RolloutSettings size = RolloutSettings.defaults().ofSize(8, 8, 9);
      TreeSampler sampler =
          new TreeSampler(size, text, tokenizer::hasToken, eos, model.config().maxPositions());
      int[] prompt = tokenizer.encode("17+25-9=", true);
      RolloutTree sampled;
      try (BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
        List<RolloutPrompt> prompts = List.of(new RolloutPrompt("sum", prompt));
        sampled = sampler.sample(decoder, prompts, 1, 1, 0).trees().get(0);
      }
      // Reward short responses, and turn rewards into advantages.
      RolloutTree tree = sampled.withRewards(t -> 1.0 / sampled.responseLength(t));
      TreeText.print(tree, ids -> tokenizer.decode(ids, true), TreeText.Style.PLAIN, System.out);
      double[][][] advantages =
          AdvantageEstimators.create(AdvantageSettings.defaults()).advantages(List.of(tree));
      // Update the model once.
      try (ForwardPass pass = model.forward(List.of(tree.toTokenTree()), ForwardOptions.TRAIN)) {
        var batch = List.of(TrainingTree.of(tree, advantages[0], pass.logprobs(0), null));
        var objective = new TreeObjective(LossSettings.defaults(), LossNormalizer.of(batch));
        LossResult loss = objective.evaluate(batch, pass);
        pass.backward(loss.dLogprob(), loss.dEntropy());
      }
      GradientClipping.clip(model.weights(), 1.0);
      new AdamW(model.weights(), 0.9, 0.999, 1e-8, 0).step(1e-5);
      model.weightsChanged();
    }
  }
  // end
}
