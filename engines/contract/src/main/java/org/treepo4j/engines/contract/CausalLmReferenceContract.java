package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.checkpoints.ModelSource;
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

  @ParameterizedTest
  @ValueSource(strings = {"models/qwen2-tiny-sharded", "models/llama3-tiny-ropescaled"})
  void scoresLikeTheReference(String name) throws IOException {
    Path folder = SharedData.require(name);
    checkScores(folder, json(folder.resolve("reference.json")).get("cases"), 1e-4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama-spm",
        "qwen2-bpe",
        "qwen3-bpe",
        "llama3-ropescaled",
        "valid/alignment",
        "valid/all-value-types",
        "valid/reversed",
        "valid/tiny",
        "valid/trailing-bytes",
        "valid/version-2"
      })
  void scoresGgufFilesLikeTheReference(String name) throws IOException {
    Path file = SharedData.require("gguf/" + name + ".gguf");
    String values = name.startsWith("valid/") ? "valid/tiny" : name;
    JsonNode reference = json(SharedData.require("gguf/" + values + ".json"));
    checkScores(file, reference.get("cases"), 2e-4);
    if (reference.has("greedy")) {
      int[] prompt = ints(reference.get("greedy").get("prompt"));
      int[] ids = ints(reference.get("greedy").get("ids"));
      try (CausalLm model = load(file)) {
        assertThat(greedy(model, prompt, ids.length)).isEqualTo(ids);
      }
    }
  }

  /** A model that people know; {@code fetch} beside the reference brings it. */
  @Test
  void scoresSmolLm2LikeTheReference() throws IOException {
    JsonNode reference = json(SharedData.require("smollm2-135m-instruct/reference.json"));
    try (CausalLm model = load(SharedData.requireSmolLm2())) {
      checkScores(model, reference.get("cases"), 2e-4);
      for (JsonNode each : reference.get("cases")) {
        int[] ids = ints(each.path("greedy").path("ids"));
        assertThat(greedy(model, ints(each.get("ids")), ids.length)).isEqualTo(ids);
      }
    }
  }

  private void checkScores(Path source, JsonNode cases, double logitTolerance) throws IOException {
    try (CausalLm model = load(source)) {
      checkScores(model, cases, logitTolerance);
    }
  }

  private static void checkScores(CausalLm model, JsonNode cases, double logitTolerance) {
    List<TokenTree> trees = new ArrayList<>();
    cases.forEach(reference -> trees.add(TokenTree.chain(ints(reference.get("ids")))));
    try (ForwardPass pass = model.forward(trees, ForwardOptions.SCORE)) {
      for (int c = 0; c < cases.size(); c++) {
        JsonNode reference = cases.get(c);
        int last = trees.get(c).size() - 1;
        float[] logprobs = pass.logprobs(c);
        assertThat(logprobs[0]).isZero();
        for (int i = 0; i < last; i++) {
          assertThat((double) logprobs[i + 1])
              .as("log-prob %s of case %s", i, c)
              .isCloseTo(reference.get("logprobs").get(i).asDouble(), within(2e-4));
        }
        float[] entropies = pass.entropies(c);
        for (int i = 0; i <= last; i++) {
          assertThat((double) entropies[i])
              .as("entropy %s of case %s", i, c)
              .isCloseTo(reference.get("entropies").get(i).asDouble(), within(2e-4));
        }
        float[] logits = pass.logits(c, last);
        for (int v = 0; v < reference.path("last_logits").size(); v++) {
          assertThat((double) logits[v])
              .as("logit %s of case %s", v, c)
              .isCloseTo(reference.get("last_logits").get(v).asDouble(), within(logitTolerance));
        }
        for (JsonNode top : reference.path("last_top5")) {
          assertThat((double) logits[top.get(0).asInt()])
              .isCloseTo(top.get(1).asDouble(), within(10 * logitTolerance));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"models/qwen2-tiny-sharded", "models/llama3-tiny-ropescaled"})
  void differentiatesLikeTheReference(String name) throws IOException {
    Path folder = SharedData.require(name);
    for (JsonNode reference : json(folder.resolve("reference.json")).get("cases")) {
      if (!reference.has("gradients")) {
        continue;
      }
      TokenTree tree = TokenTree.chain(ints(reference.get("ids")));
      float[] ones = new float[tree.size()];
      Arrays.fill(ones, 1f);
      try (CausalLm model = load(folder);
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
  void continuesStories260kAsPublished() throws IOException {
    Path folder = SharedData.require("stories260K");
    int[] expected = ints(json(folder.resolve("greedy.json")).get("greedy_from_bos_ids"));
    try (CausalLm model = load(folder)) {
      assertThat(greedy(model, new int[] {expected[0]}, expected.length - 1))
          .isEqualTo(Arrays.copyOfRange(expected, 1, expected.length));
    }
  }

  /** The most likely token again and again. */
  private static int[] greedy(CausalLm model, int[] prompt, int tokens) {
    try (BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
      BranchingDecoder.Path path = decoder.prefill(prompt);
      int[] greedy = new int[tokens];
      for (int i = 0; i < tokens; i++) {
        greedy[i] = EngineMath.argMax(decoder.nextLogits(List.of(path))[0]);
        decoder.append(List.of(path), new int[] {greedy[i]});
      }
      return greedy;
    }
  }

  private CausalLm load(Path source) throws IOException {
    try (ModelSource opened = ModelSource.open(source)) {
      // The references were made by a model cast as a whole to the type it is stored in.
      return open(WeightsLoader.load(opened).withRotaryPrecision(RotaryPrecision.ofStored(opened)));
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
