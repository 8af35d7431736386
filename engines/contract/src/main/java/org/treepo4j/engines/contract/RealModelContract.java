package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.testsupport.SharedData;

/**
 * What every engine makes of SmolLM2-135M-Instruct, a model that people use, whose gates and scores
 * are far larger than those of random weights.
 */
public abstract class RealModelContract {
  private static final String NAME = "smollm2-135m-instruct";

  /** Opens the engine under test. */
  protected abstract CausalLm open(Weights weights);

  @Test
  void scoresAndContinuesLikeTheReference() throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    reference().get("cases").forEach(cases::add);
    try (CausalLm model = load()) {
      for (JsonNode expected : cases) {
        TokenTree tree = TokenTree.chain(ints(expected.get("ids")));
        try (ForwardPass pass = model.forward(List.of(tree), ForwardOptions.SCORE)) {
          for (int i = 0; i < tree.size(); i++) {
            assertThat((double) pass.entropies(0)[i])
                .as("entropy %s", i)
                .isCloseTo(expected.get("entropies").get(i).asDouble(), within(2e-4));
            if (i > 0) {
              assertThat((double) pass.logprobs(0)[i])
                  .as("log-prob %s", i)
                  .isCloseTo(expected.get("logprobs").get(i - 1).asDouble(), within(2e-4));
            }
          }
        }
        if (expected.has("greedy")) {
          int[] greedy = ints(expected.get("greedy").get("ids"));
          assertThat(continued(model, tree.tokens(), greedy.length)).isEqualTo(greedy);
        }
      }
    }
  }

  /**
   * Finite differences of the engine's own scores: a step along the gradient that ought to change
   * the mean log-probability by a thousandth.
   */
  @Test
  void gradientsAreFiniteAndSlopesOfTheScore() throws IOException {
    int[] ids = ints(reference().get("cases").get(1).get("ids"));
    List<TokenTree> trees = List.of(TokenTree.chain(ids));
    float[] ones = new float[ids.length];
    Arrays.fill(ones, 1);
    try (CausalLm model = load()) {
      try (ForwardPass pass = model.forward(trees, ForwardOptions.TRAIN)) {
        pass.backward(new float[][] {ones}, null);
      }
      for (Parameter parameter : model.weights().parameters()) {
        assertThat(norm(parameter.gradient())).as(parameter.name()).isFinite().isPositive();
      }
      for (int layer : new int[] {0, 14, 29}) {
        for (String tensor :
            List.of(TensorNames.GATE, TensorNames.QUERY, TensorNames.VALUE, TensorNames.DOWN)) {
          Parameter parameter = model.weights().parameter(TensorNames.ofLayer(layer, tensor));
          double gradient = norm(parameter.gradient());
          double step = 0.02 / gradient;
          double slope =
              (shifted(model, parameter, step / gradient, trees)
                      - shifted(model, parameter, -step / gradient, trees))
                  / (2 * step);
          assertThat(slope).as(parameter.name()).isCloseTo(gradient, within(0.03 * gradient));
        }
      }
    }
  }

  private static double shifted(
      CausalLm model, Parameter parameter, double step, List<TokenTree> trees) {
    float[] values = parameter.values();
    float[] saved = values.clone();
    for (int i = 0; i < values.length; i++) {
      values[i] += (float) (step * parameter.gradient()[i]);
    }
    model.weightsChanged();
    double sum = 0;
    try (ForwardPass pass = model.forward(trees, ForwardOptions.SCORE)) {
      for (float logprob : pass.logprobs(0)) {
        sum += logprob;
      }
    }
    System.arraycopy(saved, 0, values, 0, saved.length);
    return sum;
  }

  private static int[] continued(CausalLm model, int[] prompt, int tokens) {
    int[] greedy = new int[tokens];
    try (BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
      BranchingDecoder.Path path = decoder.prefill(prompt);
      for (int i = 0; i < tokens; i++) {
        greedy[i] = EngineMath.argMax(decoder.nextLogits(List.of(path))[0]);
        decoder.append(List.of(path), new int[] {greedy[i]});
      }
    }
    return greedy;
  }

  private static double norm(float[] values) {
    double square = 0;
    for (float value : values) {
      square += (double) value * value;
    }
    return Math.sqrt(square);
  }

  private CausalLm load() throws IOException {
    try (HfFolder folder = HfFolder.open(folder())) {
      return open(WeightsLoader.load(folder));
    }
  }

  /** The fetched model as a Hugging Face folder. */
  private static Path folder() {
    Path folder = Path.of(System.getProperty("user.home"), ".cache", "treepo4j", NAME, "hf");
    Assumptions.assumeTrue(
        Files.exists(folder), () -> "skipped: no model at " + folder + " (fetch and import it)");
    return folder;
  }

  private static JsonNode reference() throws IOException {
    return new ObjectMapper().readTree(SharedData.require(NAME).resolve("reference.json").toFile());
  }

  private static int[] ints(JsonNode array) {
    int[] ints = new int[array.size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = array.get(i).asInt();
    }
    return ints;
  }
}
