package org.treepo4j.serve.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.checkpoints.AdapterConfig;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.rollout.PathSampler;
import org.treepo4j.rollout.SamplingSettings;
import org.treepo4j.serve.sampling.SamplingEngine;
import org.treepo4j.serve.sampling.SamplingLimits;
import org.treepo4j.serve.sampling.SamplingListener;
import org.treepo4j.serve.sampling.SamplingRequest;
import org.treepo4j.testsupport.SharedData;
import org.treepo4j.tokenizer.StreamingDecoder;
import org.treepo4j.tokenizer.Tokenizer;

/** Real models of the examples. */
class ServedModelTest {
  private static final Path FOLDER = Path.of("../examples/chain-sums/model");
  private static final EngineOptions ENGINE = EngineOptions.defaults().withEngine("vector");
  private static final SamplingLimits LIMITS = new SamplingLimits(8, 8, 8, 64 << 20);
  private static final ServedModel.Source BASE = ServedModel.Source.of(FOLDER);

  @TempDir private Path temporary;

  @Test
  void aSeedGivesWhatGenerateGives() throws Exception {
    Tokenizer tokenizer = Tokenizer.load(FOLDER);
    StringBuilder text = new StringBuilder();
    try (CausalLm model = Engines.open(FOLDER, ENGINE);
        BranchingDecoder decoder = model.decoder(DecoderOptions.defaults())) {
      int[] eos = model.config().eosTokenIds().stream().mapToInt(i -> i).toArray();
      StreamingDecoder all = tokenizer.streamingDecoder(false);
      new PathSampler(SamplingSettings.defaults(), () -> all::append, tokenizer::hasToken, eos)
          .sample(
              decoder,
              prompt(tokenizer),
              42,
              40,
              token -> text.append(tokenizer.decode(new int[] {token}, false)));
    }
    try (ModelCatalog models = catalog(BASE)) {
      assertThat(answer(models, BASE.id(), 42)).isNotEmpty().isEqualTo(text.toString());
    }
  }

  @Test
  void anAdapterIsAFurtherModel() throws Exception {
    ServedModel.Source same = BASE.with(adapter("same", 0));
    ServedModel.Source other = BASE.with(adapter("other", 0.3));
    try (ModelCatalog models = catalog(BASE, same, other)) {
      assertThat(models.all())
          .extracting(m -> m.source().id())
          .containsExactly("model", "same", "other");
      String base = answer(models, "model", 1);
      assertThat(answer(models, "same", 1)).isEqualTo(base);
      String adapted = answer(models, "other", 1);
      assertThat(adapted).isNotEqualTo(base);
      models.reload("same", Optional.of(temporary.resolve("other")));
      assertThat(answer(models, "same", 1)).isEqualTo(adapted);
    }
  }

  @Test
  void aModelThatCannotBeReadLeavesTheOldOne() throws Exception {
    try (ModelCatalog models = catalog(BASE)) {
      String before = answer(models, "model", 3);
      assertThatThrownBy(() -> models.reload("model", Optional.of(temporary)))
          .isInstanceOf(IOException.class);
      assertThat(answer(models, "model", 3)).isEqualTo(before);
    }
  }

  @Test
  void aGgufFileIsAModel() throws Exception {
    Path file = SharedData.require("gguf/llama-spm.gguf");
    try (ModelCatalog models = catalog(ServedModel.Source.of(file))) {
      assertThat(answer(models, "llama-spm.gguf", 1))
          .isEqualTo(answer(models, "llama-spm.gguf", 1));
    }
  }

  @Test
  void twoModelsNeedTwoNames() {
    assertThatThrownBy(() -> catalog(BASE, BASE)).hasMessage("two models are called model");
  }

  /** Its B is a multiple of a pattern. */
  private Path adapter(String name, double value) throws IOException {
    Path folder = Files.createDirectories(temporary.resolve(name));
    try (HfFolder opened = HfFolder.open(FOLDER)) {
      LoraSettings settings =
          LoraSettings.of(new AdapterConfig(2, 4, List.of("q_proj", "down_proj")));
      LoraAdapters adapters = LoraAdapters.attach(WeightsLoader.load(opened), settings, 1);
      for (Parameter parameter : adapters.adapterWeights().parameters()) {
        if (parameter.name().contains("lora_B")) {
          for (int i = 0; i < parameter.values().length; i++) {
            parameter.values()[i] = (float) (value * (i % 7 - 3));
          }
        }
      }
      adapters.toPeft().writeInto(folder, "base");
    }
    return folder;
  }

  private static ModelCatalog catalog(ServedModel.Source... sources) throws IOException {
    return new ModelCatalog(ServedModel.loader(ENGINE, LIMITS), List.of(sources));
  }

  private static int[] prompt(Tokenizer tokenizer) {
    return tokenizer.encode("7+58-13+9=", true);
  }

  private static String answer(ModelCatalog models, String id, long seed) throws Exception {
    ServedModel model = models.find(id).orElseThrow();
    StringBuilder text = new StringBuilder();
    CompletableFuture<String> whole = new CompletableFuture<>();
    SamplingListener listener =
        new SamplingListener() {
          @Override
          public void sampled(int path, String more, List<TokenLogprobs> logprobs) {
            text.append(more);
          }

          @Override
          public void finished(int path, String rest, boolean stopped) {
            text.append(rest);
          }

          @Override
          public void completed(Usage usage) {
            whole.complete(text.toString());
          }

          @Override
          public void failed(String reason) {
            whole.completeExceptionally(new IllegalStateException(reason));
          }
        };
    SamplingRequest request =
        new SamplingRequest(
            prompt(model.tokenizer()), 1, 40, SamplingSettings.defaults(), Map.of(), seed, -1);
    model.engine().submit(List.of(new SamplingEngine.Job(request, listener)));
    return whole.get(30, TimeUnit.SECONDS);
  }
}
