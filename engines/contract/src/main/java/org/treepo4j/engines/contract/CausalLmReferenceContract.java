package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.SafetensorsFile;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.RotaryPrecision;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.testsupport.SharedData;

/** What every engine makes of real folders: the reference values of the shared data. */
public abstract class CausalLmReferenceContract {

  /** Opens the engine under test. */
  protected abstract CausalLm open(Weights weights);

  /** Whether it has the layers of a model of the shared data; one that it refuses is left out. */
  protected boolean runs(String model) {
    return true;
  }

  protected static Stream<String> models() {
    return Stream.of(
        "qwen2-tiny-sharded",
        "llama3-tiny-ropescaled",
        "gemma2-tiny",
        "gemma3-tiny",
        "phi3-tiny",
        "olmo2-tiny",
        "olmo3-tiny",
        "smollm3-tiny",
        "granite-tiny",
        "ministral3-tiny",
        "mistral-sliding-tiny",
        "qwen2-sliding-tiny",
        "qwen3_5-tiny");
  }

  @ParameterizedTest
  @MethodSource("models")
  void scoresLikeTheReference(String name) throws IOException {
    assertScores(name, this::open, 2e-4, 1e-4);
  }

  /**
   * @param tolerance of log-probabilities and entropies
   */
  protected final void assertScores(
      String name, Function<Weights, CausalLm> engine, double tolerance, double logitTolerance)
      throws IOException {
    Path folder = SharedData.require("models/" + name);
    JsonNode cases = json(folder.resolve("reference.json")).get("cases");
    List<TokenTree> trees = new ArrayList<>();
    cases.forEach(reference -> trees.add(TokenTree.chain(ints(reference.get("ids")))));
    try (CausalLm model = load(name, engine);
        ForwardPass pass = model.forward(trees, ForwardOptions.SCORE)) {
      for (int c = 0; c < cases.size(); c++) {
        JsonNode reference = cases.get(c);
        int last = trees.get(c).size() - 1;
        float[] logprobs = pass.logprobs(c);
        assertThat(logprobs[0]).isZero();
        for (int i = 0; i < last; i++) {
          assertThat((double) logprobs[i + 1])
              .as("log-prob %s of case %s", i, c)
              .isCloseTo(reference.get("logprobs").get(i).asDouble(), within(tolerance));
        }
        float[] entropies = pass.entropies(c);
        for (int i = 0; i <= last; i++) {
          assertThat((double) entropies[i])
              .as("entropy %s of case %s", i, c)
              .isCloseTo(reference.get("entropies").get(i).asDouble(), within(tolerance));
        }
        float[] logits = pass.logits(c, last);
        for (int v = 0; v < logits.length; v++) {
          assertThat((double) logits[v])
              .as("logit %s of case %s", v, c)
              .isCloseTo(reference.get("last_logits").get(v).asDouble(), within(logitTolerance));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "qwen2-tiny-sharded",
        "llama3-tiny-ropescaled",
        "gemma2-tiny",
        "gemma3-tiny",
        "phi3-tiny",
        "olmo2-tiny",
        "smollm3-tiny",
        "mistral-sliding-tiny",
        "qwen3_5-tiny"
      })
  void differentiatesLikeTheReference(String name) throws IOException {
    Path folder = SharedData.require("models/" + name);
    for (JsonNode reference : json(folder.resolve("reference.json")).get("cases")) {
      if (!reference.has("gradients")) {
        continue;
      }
      TokenTree tree = TokenTree.chain(ints(reference.get("ids")));
      float[] ones = new float[tree.size()];
      Arrays.fill(ones, 1f);
      try (CausalLm model = load(name);
          ForwardPass pass = model.forward(List.of(tree), ForwardOptions.TRAIN)) {
        pass.backward(new float[][] {ones}, null);
        EngineMath.assertGradientsClose(
            EngineMath.gradients(model.weights()),
            tensors(folder.resolve("reference_gradients.safetensors")),
            1e-3);
      }
    }
  }

  @Test
  void readsTheTextModelOfAVisionLanguageFolder() throws IOException {
    int[] ids = {5, 17, 3, 250, 9};
    try (CausalLm alone = load("qwen3_5-tiny");
        CausalLm nested = load("qwen3_5-tiny-nested");
        ForwardPass expected = alone.forward(List.of(TokenTree.chain(ids)), ForwardOptions.SCORE);
        ForwardPass pass = nested.forward(List.of(TokenTree.chain(ids)), ForwardOptions.SCORE)) {
      assertThat(nested.config()).isEqualTo(alone.config());
      assertThat(pass.logprobs(0)).isEqualTo(expected.logprobs(0));
    }
  }

  /** How many tokens are compared with what was published, for engines that take long. */
  protected int greedyTokens() {
    return Integer.MAX_VALUE;
  }

  @Test
  void continuesStories260kAsPublished() throws IOException {
    Path folder = SharedData.require("stories260K");
    int[] published = ints(json(folder.resolve("greedy.json")).get("greedy_from_bos_ids"));
    int[] expected = Arrays.copyOf(published, Math.min(published.length, greedyTokens()));
    try (CausalLm model = load("../stories260K");
        BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
      BranchingDecoder.Path path = decoder.prefill(new int[] {expected[0]});
      int[] greedy = new int[expected.length];
      greedy[0] = expected[0];
      for (int i = 1; i < greedy.length; i++) {
        greedy[i] = EngineMath.argMax(decoder.nextLogits(List.of(path))[0]);
        decoder.append(List.of(path), new int[] {greedy[i]});
      }
      assertThat(greedy).isEqualTo(expected);
    }
  }

  private CausalLm load(String model) throws IOException {
    return load(model, this::open);
  }

  private CausalLm load(String model, Function<Weights, CausalLm> engine) throws IOException {
    assumeTrue(runs(model), "refused by this engine");
    try (HfFolder opened = HfFolder.open(SharedData.require("models/" + model))) {
      Weights weights = WeightsLoader.load(opened);
      // These references were made by a model cast as a whole to the type it is stored in.
      boolean cast = model.equals("qwen2-tiny-sharded") || model.equals("llama3-tiny-ropescaled");
      return engine.apply(
          cast ? weights.withRotaryPrecision(RotaryPrecision.ofStored(opened)) : weights);
    }
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  private static int[] ints(JsonNode array) {
    int[] ints = new int[array.size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = array.get(i).asInt();
    }
    return ints;
  }

  private static Map<String, float[]> tensors(Path file) throws IOException {
    Map<String, float[]> tensors = new LinkedHashMap<>();
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      for (String name : opened.tensors().keySet()) {
        tensors.put(name, opened.readFloats(name));
      }
    }
    return tensors;
  }
}
