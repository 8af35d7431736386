package org.treepo4j.engines.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.testsupport.SharedData;

/** What every engine makes of GGUF files: the reference values of the shared data. */
public abstract class GgufReferenceContract {
  private static final double TOLERANCE = 2e-4;

  /** Opens the engine under test. */
  protected abstract CausalLm open(Weights weights);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama-spm",
        "qwen2-bpe",
        "qwen3-bpe",
        "gemma2-bpe",
        "gemma3-bpe",
        "llama3-ropescaled"
      })
  void scoresAndContinuesLikeTheReference(String name) throws IOException {
    JsonNode reference = json("gguf/" + name + ".json");
    try (CausalLm model = load(SharedData.require("gguf/" + name + ".gguf"))) {
      checkScores(model, reference.get("cases"), TOLERANCE);
      if (reference.has("greedy")) {
        int[] ids = ints(reference.at("/greedy/ids"));
        int[] prompt = ints(reference.at("/greedy/prompt"));
        assertThat(greedy(model, prompt, ids.length)).isEqualTo(ids);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"alignment", "all-value-types", "reversed", "tiny", "trailing-bytes", "version-2"})
  void theSameModelInEveryValidForm(String name) throws IOException {
    try (CausalLm model = load(SharedData.require("gguf/valid/" + name + ".gguf"))) {
      checkScores(model, json("gguf/valid/tiny.json").get("cases"), TOLERANCE);
    }
  }

  /** A model that people know; {@code fetch} beside the reference brings it. */
  @Test
  void scoresAndContinuesSmolLm2LikeTheReference() throws IOException {
    JsonNode cases = json("smollm2-135m-instruct/reference.json").get("cases");
    try (CausalLm model = load(SharedData.requireSmolLm2())) {
      checkScores(model, cases, 10 * TOLERANCE);
      for (JsonNode each : cases) {
        int[] ids = ints(each.at("/greedy/ids"));
        assertThat(greedy(model, ints(each.get("ids")), ids.length)).isEqualTo(ids);
      }
    }
  }

  private static void checkScores(CausalLm model, JsonNode cases, double logitTolerance) {
    List<TokenTree> trees = new ArrayList<>();
    cases.forEach(reference -> trees.add(TokenTree.chain(ints(reference.get("ids")))));
    try (ForwardPass pass = model.forward(trees, ForwardOptions.SCORE)) {
      for (int c = 0; c < trees.size(); c++) {
        JsonNode reference = cases.get(c);
        int last = trees.get(c).size() - 1;
        float[] logprobs = pass.logprobs(c);
        for (int i = 0; i < last; i++) {
          assertThat((double) logprobs[i + 1])
              .as("log-prob %s of case %s", i, c)
              .isCloseTo(reference.get("logprobs").get(i).asDouble(), within(TOLERANCE));
        }
        float[] entropies = pass.entropies(c);
        for (int i = 0; i <= last; i++) {
          assertThat((double) entropies[i])
              .as("entropy %s of case %s", i, c)
              .isCloseTo(reference.get("entropies").get(i).asDouble(), within(TOLERANCE));
        }
        float[] logits = pass.logits(c, last);
        for (int v = 0; v < reference.path("last_logits").size(); v++) {
          assertThat((double) logits[v])
              .as("logit %s of case %s", v, c)
              .isCloseTo(reference.get("last_logits").get(v).asDouble(), within(logitTolerance));
        }
        for (JsonNode top : reference.path("last_top5")) {
          assertThat((double) logits[top.get(0).asInt()])
              .isCloseTo(top.get(1).asDouble(), within(logitTolerance));
        }
      }
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

  private CausalLm load(Path file) throws IOException {
    try (ModelSource opened = ModelSource.open(file)) {
      return open(WeightsLoader.load(opened));
    }
  }

  private static JsonNode json(String name) throws IOException {
    return new ObjectMapper().readTree(SharedData.require(name).toFile());
  }

  private static int[] ints(JsonNode array) {
    int[] ints = new int[array.size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = array.get(i).asInt();
    }
    return ints;
  }
}
