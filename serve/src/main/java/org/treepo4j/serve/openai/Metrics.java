package org.treepo4j.serve.openai;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import org.treepo4j.serve.models.ServedModel;
import org.treepo4j.serve.sampling.EngineStatistics;

/** Counts what the server does and writes it in Prometheus' text format. */
final class Metrics {
  private static final double[] SECONDS = {
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300
  };

  private final Map<String, LongAdder> requests = new ConcurrentSkipListMap<>();
  private final LongAdder promptTokens = new LongAdder();
  private final LongAdder cachedTokens = new LongAdder();
  private final LongAdder sampledTokens = new LongAdder();
  private final Histogram firstToken = new Histogram();
  private final Histogram duration = new Histogram();

  /** How many times took at most so long. */
  private static final class Histogram {
    private final long[] counts = new long[SECONDS.length + 1];
    private double sum;

    synchronized void add(double seconds) {
      int at = Arrays.binarySearch(SECONDS, seconds);
      counts[at >= 0 ? at : -at - 1]++;
      sum += seconds;
    }

    synchronized void write(StringBuilder out, String name, String help) {
      head(out, name, "histogram", help);
      long count = 0;
      for (int i = 0; i < counts.length; i++) {
        count += counts[i];
        String bound = i < SECONDS.length ? Double.toString(SECONDS[i]) : "+Inf";
        line(out, name + "_bucket{le=\"" + bound + "\"}", count);
      }
      out.append(String.format(Locale.ROOT, "%s_sum %.6f\n", name, sum));
      line(out, name + "_count", count);
    }
  }

  void request(String path, int status) {
    String labels = "{path=\"" + path + "\",status=\"" + status + "\"}";
    requests.computeIfAbsent(labels, key -> new LongAdder()).increment();
  }

  void firstToken(double seconds) {
    firstToken.add(seconds);
  }

  void answered(double seconds, int prompt, int cached, int sampled) {
    duration.add(seconds);
    promptTokens.add(prompt);
    cachedTokens.add(cached);
    sampledTokens.add(sampled);
  }

  String text(List<ServedModel> models) {
    StringBuilder out = new StringBuilder();
    head(out, "treepo_requests_total", "counter", "Requests answered.");
    requests.forEach((labels, count) -> line(out, "treepo_requests_total" + labels, count.sum()));
    counter(out, "treepo_prompt_tokens_total", "Tokens of prompts answered.", promptTokens);
    counter(
        out,
        "treepo_cached_prompt_tokens_total",
        "Those of them not computed again.",
        cachedTokens);
    counter(out, "treepo_answer_tokens_total", "Tokens of answers completed.", sampledTokens);
    firstToken.write(
        out, "treepo_time_to_first_token_seconds", "From the request to its first token.");
    duration.write(out, "treepo_request_seconds", "From the request to the end of its answer.");
    gauge(out, models, "treepo_waiting_requests", "Requests that wait.", s -> s.waiting());
    gauge(out, models, "treepo_running_requests", "Requests that run.", s -> s.running());
    gauge(out, models, "treepo_running_paths", "Answers that are sampled.", s -> s.paths());
    gauge(out, models, "treepo_kept_prompts", "Prompts and answers kept.", s -> s.keptPrompts());
    gauge(out, models, "treepo_decoder_paths", "Paths held.", s -> s.decoder().livePaths());
    gauge(out, models, "treepo_cache_tokens", "Tokens held.", s -> s.decoder().cachedTokens());
    gauge(out, models, "treepo_cache_bytes", "Bytes these take.", s -> s.decoder().cacheBytes());
    perModel(
        out, models, "counter", "treepo_sampled_tokens_total", "Sampled.", s -> s.sampledTokens());
    perModel(
        out,
        models,
        "counter",
        "treepo_set_back_total",
        "Requests set back.",
        s -> s.timesSetBack());
    return out.toString();
  }

  @FunctionalInterface
  private interface Value {
    long of(EngineStatistics statistics);
  }

  private static void gauge(
      StringBuilder out, List<ServedModel> models, String name, String help, Value value) {
    perModel(out, models, "gauge", name, help, value);
  }

  private static void perModel(
      StringBuilder out,
      List<ServedModel> models,
      String type,
      String name,
      String help,
      Value value) {
    head(out, name, type, help);
    for (ServedModel model : models) {
      String id = model.source().id().replace("\\", "\\\\").replace("\"", "\\\"");
      line(out, name + "{model=\"" + id + "\"}", value.of(model.engine().statistics()));
    }
  }

  private static void counter(StringBuilder out, String name, String help, LongAdder value) {
    head(out, name, "counter", help);
    line(out, name, value.sum());
  }

  private static void head(StringBuilder out, String name, String type, String help) {
    out.append("# HELP ").append(name).append(' ').append(help).append('\n');
    out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  private static void line(StringBuilder out, String name, long value) {
    out.append(name).append(' ').append(value).append('\n');
  }
}
