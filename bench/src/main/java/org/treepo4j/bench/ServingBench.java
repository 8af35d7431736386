package org.treepo4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.serve.ServeSettings;
import org.treepo4j.serve.Server;
import org.treepo4j.serve.models.ModelCatalog;
import org.treepo4j.serve.models.ServedModel;
import org.treepo4j.serve.sampling.SamplingEngine;
import org.treepo4j.serve.sampling.SamplingLimits;

/**
 * Streams over HTTP against the decoder's own rate, and requests that share a prompt against
 * requests that do not. A round is one stream each of so many clients, 128 tokens behind 32 of a
 * prompt of its own; the decoder's own is the same batch without sampling, text and HTTP, in turns
 * with the rounds. Short answers come first until the server is compiled as that of a server that
 * runs is.
 */
public final class ServingBench {
  private static final int PROMPT_TOKENS = 32;
  private static final int ANSWER_TOKENS = 128;
  private static final int WARM_UP_TOKENS = 8;
  private static final int LONG_PROMPT = 512;
  private static final int LONG_PROMPTS = 4;
  private static final String ID = "bench";

  private final List<Integer> streams;
  private final double seconds;
  private final Consumer<String> progress;
  private final SplittableRandom random = new SplittableRandom(1);

  /**
   * @param streams numbers of clients at once
   * @param seconds time for one measurement
   * @param progress is told what is being measured
   */
  public ServingBench(List<Integer> streams, double seconds, Consumer<String> progress) {
    this.streams = List.copyOf(streams);
    this.seconds = seconds;
    this.progress = progress;
  }

  /**
   * What was measured on one model.
   *
   * @param engine engine and weight storage
   * @param model the model's name
   * @param sharedSeconds median time of four requests with one prompt of 512 tokens
   * @param unsharedSeconds the same with four prompts
   */
  public record Result(
      String engine,
      String model,
      List<Streams> streams,
      double sharedSeconds,
      double unsharedSeconds) {

    /**
     * Clients at once.
     *
     * @param tokensPerSecond of all clients together, from the median round
     * @param decoderTokensPerSecond the decoder's own
     * @param firstTokenMedian seconds until a stream's first token
     * @param firstTokenP99 the same for the slowest of a hundred
     */
    public record Streams(
        int clients,
        double tokensPerSecond,
        double decoderTokensPerSecond,
        double firstTokenMedian,
        double firstTokenP99) {}
  }

  /**
   * Measures one model, if it has room for the prompts.
   *
   * @param engine what the result calls the engine
   * @param model what it calls the model
   */
  public Optional<Result> run(String engine, String model, CausalLm lm) {
    if (lm.config().maxPositions() < LONG_PROMPT + 1) {
      return Optional.empty();
    }
    progress.accept(model + ", " + engine + ": serving, warming up");
    int most = Collections.max(streams);
    served(lm, most, clients -> warmUp(lm, clients, most));
    List<Result.Streams> measured = new ArrayList<>();
    for (int clients : streams) {
      progress.accept(model + ", " + engine + ": decoding alone and serving streams " + clients);
      measured.add(served(lm, clients, asking -> streams(lm, asking, clients)));
    }
    progress.accept(model + ", " + engine + ": serving prompts of " + LONG_PROMPT);
    double shared = served(lm, LONG_PROMPTS, clients -> longPrompts(lm, clients, true));
    double unshared = served(lm, LONG_PROMPTS, clients -> longPrompts(lm, clients, false));
    return Optional.of(new Result(engine, model, measured, shared, unshared));
  }

  private void decode(CausalLm lm, BranchingDecoder decoder, int clients) {
    List<BranchingDecoder.Path> paths = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      paths.add(decoder.prefill(tokens(lm, PROMPT_TOKENS)));
    }
    decoder.nextLogits(paths);
    for (int i = 1; i < ANSWER_TOKENS; i++) {
      decoder.append(paths, tokens(lm, clients));
      decoder.nextLogits(paths);
    }
    paths.forEach(decoder::release);
  }

  private Result.Streams streams(CausalLm lm, Clients asking, int clients) {
    List<Double> firstTokens = new ArrayList<>();
    List<StepTimes> times;
    try (BranchingDecoder decoder = lm.decoder(DecoderOptions.defaults())) {
      times =
          StepTimes.inTurns(
              seconds,
              List.of(
                  () -> decode(lm, decoder, clients),
                  () -> round(lm, asking, clients, ANSWER_TOKENS, firstTokens)));
    }
    List<Double> sorted = firstTokens.subList(firstTokens.size() / 2, firstTokens.size());
    Collections.sort(sorted); // the latter half, for the JVM compiles during the first
    double all = (double) clients * ANSWER_TOKENS;
    return new Result.Streams(
        clients,
        all / times.get(1).median(),
        all / times.get(0).median(),
        sorted.get((sorted.size() - 1) / 2),
        sorted.get((int) Math.ceil(0.99 * sorted.size()) - 1));
  }

  private StepTimes warmUp(CausalLm lm, Clients asking, int clients) {
    return StepTimes.measure(
        seconds, () -> round(lm, asking, clients, WARM_UP_TOKENS, new ArrayList<>()));
  }

  /** One answer for each client; adds the times of first tokens. */
  private void round(
      CausalLm lm, Clients asking, int clients, int tokens, List<Double> firstTokens) {
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      prompts.add(tokens(lm, PROMPT_TOKENS));
    }
    firstTokens.addAll(asking.ask(prompts, tokens));
  }

  private double longPrompts(CausalLm lm, Clients clients, boolean shared) {
    return StepTimes.measure(
            seconds,
            () -> {
              List<int[]> prompts = new ArrayList<>();
              for (int i = 0; i < LONG_PROMPTS; i++) {
                prompts.add(shared && i > 0 ? prompts.get(0) : tokens(lm, LONG_PROMPT));
              }
              clients.ask(prompts, 1);
            })
        .median();
  }

  /** Clients with a thread and a connection each. */
  private static final class Clients implements AutoCloseable {
    private final ExecutorService threads;
    private final List<StreamClient> connections = new ArrayList<>();

    Clients(int count, int port) throws IOException {
      threads = Executors.newFixedThreadPool(count);
      for (int i = 0; i < count; i++) {
        connections.add(new StreamClient(port));
      }
    }

    /** Asks for answers to all prompts at once; seconds until each one's first token. */
    List<Double> ask(List<int[]> prompts, int maxTokens) {
      List<Future<Double>> asked = new ArrayList<>();
      for (int i = 0; i < prompts.size(); i++) {
        StreamClient client = connections.get(i);
        String body =
            "{\"model\":\"%s\",\"prompt\":%s,\"max_tokens\":%d,\"stream\":true}"
                .formatted(ID, Arrays.toString(prompts.get(i)), maxTokens);
        asked.add(threads.submit(() -> client.ask(body)));
      }
      try {
        List<Double> firstTokens = new ArrayList<>();
        for (Future<Double> each : asked) {
          firstTokens.add(each.get());
        }
        return firstTokens;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      } catch (ExecutionException e) {
        throw new IllegalStateException("a request failed", e.getCause());
      }
    }

    @Override
    public void close() throws IOException {
      threads.shutdownNow();
      for (StreamClient connection : connections) {
        connection.close();
      }
    }
  }

  /** Lets clients ask a server that runs. */
  private <T> T served(CausalLm lm, int count, Function<Clients, T> work) {
    int most = Math.max(LONG_PROMPTS, Collections.max(streams));
    SamplingLimits defaults = SamplingLimits.defaults();
    SamplingLimits limits = new SamplingLimits(most, most, most, defaults.cache());
    NumberTokenizer tokenizer = new NumberTokenizer(lm.config().vocabSize());
    ServedModel.Loader loader =
        source ->
            new ServedModel(
                source,
                Instant.now(),
                tokenizer,
                Optional.empty(),
                lm.config(),
                new SamplingEngine(new BorrowedLm(lm), tokenizer, limits));
    ServedModel.Source source = new ServedModel.Source(ID, Path.of(ID), Optional.empty());
    ServeSettings settings = ServeSettings.on(new InetSocketAddress("127.0.0.1", 0));
    try (ModelCatalog models = new ModelCatalog(loader, List.of(source));
        Server server = new Server(models, settings);
        Clients clients = new Clients(count, server.port())) {
      return work.apply(clients);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int[] tokens(CausalLm lm, int count) {
    int[] tokens = new int[count];
    Arrays.setAll(tokens, i -> random.nextInt(lm.config().vocabSize()));
    return tokens;
  }

  /** The results as tables for people. */
  public static String toTable(List<Result> results) {
    StringBuilder table = new StringBuilder();
    table.append(
        String.format(
            "%-12s %-14s %8s %12s %12s %8s %12s %12s%n",
            "engine",
            "model",
            "streams",
            "tokens/s",
            "decoder's",
            "share",
            "first token",
            "its p99"));
    for (Result result : results) {
      for (Result.Streams each : result.streams()) {
        table.append(
            String.format(
                Locale.ROOT,
                "%-12s %-14s %8d %12.0f %12.0f %7.0f%% %9.1f ms %9.1f ms%n",
                result.engine(),
                result.model(),
                each.clients(),
                each.tokensPerSecond(),
                each.decoderTokensPerSecond(),
                100 * each.tokensPerSecond() / each.decoderTokensPerSecond(),
                1000 * each.firstTokenMedian(),
                1000 * each.firstTokenP99()));
      }
      table.append(
          String.format(
              Locale.ROOT,
              "%-12s %-14s four prompts of 512 tokens: the same %.3f s, different %.3f s, %.2fx%n",
              result.engine(),
              result.model(),
              result.sharedSeconds(),
              result.unsharedSeconds(),
              result.unsharedSeconds() / result.sharedSeconds()));
    }
    return table.toString();
  }
}
