package org.treepo4j.serve.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.engines.vector.VectorCausalLm;
import org.treepo4j.engines.vector.VectorOptions;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.RandomWeights;
import org.treepo4j.model.Weights;
import org.treepo4j.rollout.SamplingSettings;
import org.treepo4j.serve.CharTokenizer;
import org.treepo4j.serve.FakeLm;
import org.treepo4j.serve.sampling.SamplingEngine.Job;

/** The answer to a request follows from the request and its seed alone. */
class LoadLawsTest {
  private static final CharTokenizer TOKENIZER = new CharTokenizer();
  private static final SamplingLimits ALONE = new SamplingLimits(4, 64, 0, 4000L << 20);

  /** A request of a busy server, and whether its client hangs up. */
  record Client(SamplingRequest request, boolean hangsUp) {}

  @Property(tries = 150)
  void anAnswerIsTheSameAloneAndAmongOthers(
      @ForAll("clients") List<Client> clients, @ForAll("smallLimits") SamplingLimits limits)
      throws Exception {
    assertSameUnderLoad(FakeLm::random, clients, limits);
  }

  @Property(tries = 25)
  void anAnswerOfARealEngineIsTheSameAloneAndAmongOthers(@ForAll("clients") List<Client> clients)
      throws Exception {
    assertSameUnderLoad(LoadLawsTest::tinyModel, clients, new SamplingLimits(6, 64, 4, 1L << 24));
  }

  private static void assertSameUnderLoad(
      Supplier<CausalLm> model, List<Client> clients, SamplingLimits limits) throws Exception {
    List<Transcript> busy = new ArrayList<>();
    try (SamplingEngine engine = new SamplingEngine(model.get(), TOKENIZER, limits)) {
      for (Client client : clients) {
        Transcript transcript = new Transcript(client.request().paths());
        busy.add(transcript);
        SamplingEngine.Ticket ticket =
            engine.submit(List.of(new Job(client.request(), transcript)));
        if (client.hangsUp()) {
          ticket.cancel();
        }
      }
      for (int i = 0; i < clients.size(); i++) {
        if (!clients.get(i).hangsUp()) {
          busy.get(i).await();
        }
      }
    }
    for (int i = 0; i < clients.size(); i++) {
      if (!clients.get(i).hangsUp()) {
        Transcript alone = alone(model.get(), clients.get(i).request());
        assertThat(busy.get(i).answers()).isEqualTo(alone.answers());
        assertThat(busy.get(i).logprobs()).containsExactlyInAnyOrderElementsOf(alone.logprobs());
      }
    }
  }

  private static Transcript alone(CausalLm model, SamplingRequest request) throws Exception {
    Transcript transcript = new Transcript(request.paths());
    try (SamplingEngine engine = new SamplingEngine(model, TOKENIZER, ALONE)) {
      engine.submit(List.of(new Job(request, transcript)));
      transcript.await();
    }
    return transcript;
  }

  /** Weights large enough that the logits depend on everything before. */
  private static CausalLm tinyModel() {
    ModelConfig config =
        new ModelConfig(
            Architecture.LLAMA,
            CharTokenizer.VOCABULARY,
            16,
            2,
            2,
            1,
            8,
            32,
            512,
            1e-6,
            10_000,
            RopeScaling.NONE,
            false,
            false,
            false,
            true,
            -1,
            List.of(0));
    Weights weights = RandomWeights.create(config, 1);
    for (Parameter parameter : weights.parameters()) {
      float factor = parameter.shape().length == 2 ? 20 : 1;
      for (int i = 0; i < parameter.values().length; i++) {
        parameter.values()[i] *= factor;
      }
    }
    return new VectorCausalLm(weights, VectorOptions.defaults());
  }

  /** Caches from one that holds any single request to one that holds them all. */
  @Provide
  Arbitrary<SamplingLimits> smallLimits() {
    return Combinators.combine(
            Arbitraries.integers().between(3, 8),
            Arbitraries.integers().between(0, 6),
            Arbitraries.integers().between(450, 900))
        .as((paths, kept, tokens) -> new SamplingLimits(paths, 64, kept, (long) tokens << 20));
  }

  @Provide
  Arbitrary<List<Client>> clients() {
    Arbitrary<String> prompts =
        Combinators.combine(
                Arbitraries.integers().between(0, 300),
                Arbitraries.strings().withChars("ab").ofMinLength(1).ofMaxLength(20))
            .as((shared, own) -> "system prompt ".repeat(30).substring(0, shared) + own);
    Arbitrary<SamplingSettings> sampling =
        Combinators.combine(
                Arbitraries.of(0.0, 0.5, 1.0, 2.0),
                Arbitraries.of(0.3, 0.9, 1.0),
                Arbitraries.of(List.<String>of(), List.of("e"), List.of("q", "xy", "z")))
            .as(
                (temperature, topP, stops) ->
                    new SamplingSettings(temperature, 0, topP, 0, List.of(), stops));
    Arbitrary<SamplingRequest> requests =
        Combinators.combine(
                prompts,
                Arbitraries.integers().between(1, 3),
                Arbitraries.integers().between(1, 30),
                sampling,
                Arbitraries.maps(
                        Arbitraries.integers().between(0, 127),
                        Arbitraries.doubles().between(-100, 5))
                    .ofMaxSize(3),
                Arbitraries.longs(),
                Arbitraries.of(-1, -1, 0, 2))
            .as(
                (prompt, paths, tokens, settings, bias, seed, top) ->
                    new SamplingRequest(
                        TOKENIZER.encode(prompt), paths, tokens, settings, bias, seed, top));
    return Combinators.combine(requests, Arbitraries.of(false, false, false, true))
        .as(Client::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(10);
  }
}
