package org.treepo4j.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.treepo4j.serve.http.Exchange;
import org.treepo4j.serve.openai.AnswerShape.Piece;
import org.treepo4j.serve.openai.ToolCallParser.Found;
import org.treepo4j.serve.openai.ToolCallParser.ToolCall;
import org.treepo4j.serve.sampling.SamplingListener;

/**
 * The answer to one request while it is sampled, streamed or gathered. Its state belongs to the
 * thread of the exchange; the sampling thread only hands over.
 */
final class Answer {
  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

  private final Exchange exchange;
  private final Generation generation;
  private final Observer observer;
  private final String id;
  private final long created = Instant.now().getEpochSecond();
  private final Choice[] choices;
  private int running;
  private boolean ended;
  private boolean started;
  private int promptTokens;
  private int cachedTokens;
  private int sampledTokens;

  /** Is told how an answer goes on. */
  interface Observer {
    /** The first token is there. */
    void firstToken();

    /**
     * The answer is complete or given up.
     *
     * @param status of HTTP, 200 for a stream that failed too
     */
    void ended(int status, int promptTokens, int cachedTokens, int sampledTokens);
  }

  private static final class Choice {
    private final StringBuilder text = new StringBuilder();
    private final List<SamplingListener.TokenLogprobs> logprobs = new ArrayList<>();
    private final List<ToolCall> calls = new ArrayList<>();
    private final ToolCallParser parser = new ToolCallParser(() -> "call_" + name());
    private String finish;
    private boolean begun;
  }

  Answer(Exchange exchange, Generation generation, Observer observer) {
    this.exchange = exchange;
    this.generation = generation;
    this.observer = observer;
    id = generation.shape().idPrefix() + name();
    running = generation.prompts().size();
    choices = new Choice[running * generation.fields().n()];
    for (int i = 0; i < choices.length; i++) {
      choices[i] = new Choice();
    }
  }

  private static String name() {
    return UUID.randomUUID().toString().replace("-", "");
  }

  /** Is told of the answers to one of the prompts. */
  SamplingListener listener(int prompt) {
    int first = prompt * generation.fields().n();
    return new SamplingListener() {
      @Override
      public void sampled(int path, String text, List<TokenLogprobs> logprobs) {
        exchange.execute(() -> add(first + path, text, logprobs));
      }

      @Override
      public void finished(int path, String rest, boolean stopped) {
        exchange.execute(() -> finish(first + path, rest, stopped));
      }

      @Override
      public void completed(Usage usage) {
        exchange.execute(() -> complete(usage));
      }

      @Override
      public void failed(String reason) {
        exchange.execute(() -> fail(ApiException.http(500, reason)));
      }
    };
  }

  /** Ends it with an error, unless it has ended. */
  void fail(ApiException problem) {
    if (ended) {
      return;
    }
    if (started) {
      exchange.sendEvent(Json.bytes(problem.json()));
      exchange.endEvents();
    } else {
      exchange.respond(problem.status(), "application/json", Json.bytes(problem.json()), Map.of());
    }
    end(problem.status());
  }

  /** The client is gone. */
  void hungUp() {
    if (!ended) {
      end(499);
    }
  }

  private void end(int status) {
    ended = true;
    observer.ended(started ? 200 : status, promptTokens, cachedTokens, sampledTokens);
  }

  private void add(int index, String text, List<SamplingListener.TokenLogprobs> logprobs) {
    if (ended) {
      return;
    }
    observer.firstToken();
    Choice choice = choices[index];
    Found found =
        generation.findsToolCalls() ? choice.parser.append(text) : new Found(text, List.of());
    Piece piece = new Piece(found.text(), logprobs.isEmpty() ? null : logprobs, found.calls());
    if (!logprobs.isEmpty() || !found.text().isEmpty() || !found.calls().isEmpty()) {
      add(index, piece, null);
    }
  }

  private void finish(int index, String rest, boolean stopped) {
    if (ended) {
      return;
    }
    Choice choice = choices[index];
    Found last = new Found(rest, List.of());
    if (generation.findsToolCalls()) {
      Found found = choice.parser.append(rest);
      Found end = choice.parser.finish();
      List<ToolCall> calls = new ArrayList<>(found.calls());
      calls.addAll(end.calls());
      last = new Found(found.text() + end.text(), calls);
    }
    String finish = stopped ? "stop" : "length";
    if (stopped && choice.parser.foundAny()) {
      finish = "tool_calls";
    }
    add(index, new Piece(last.text(), null, last.calls()), finish);
  }

  /** Sends a piece, or keeps it. */
  private void add(int index, Piece piece, String finish) {
    Choice choice = choices[index];
    if (generation.fields().stream()) {
      start();
      int offset = choice.text.length();
      send(
          generation
              .shape()
              .chunk(index, !choice.begun, offset, piece, finish, generation.model().tokenizer()));
    } else {
      if (piece.logprobs() != null) {
        choice.logprobs.addAll(piece.logprobs());
      }
      choice.calls.addAll(piece.calls());
    }
    choice.begun = true;
    choice.text.append(piece.text());
    choice.finish = finish;
  }

  private void complete(SamplingListener.Usage usage) {
    promptTokens += usage.promptTokens();
    cachedTokens += usage.cachedTokens();
    sampledTokens += usage.sampledTokens();
    running--;
    if (ended || running > 0) {
      return;
    }
    if (generation.fields().stream()) {
      if (generation.fields().includeUsage()) {
        ObjectNode last = envelope();
        last.putArray("choices");
        last.set("usage", usage());
        exchange.sendEvent(Json.bytes(last));
      }
      exchange.sendEvent(DONE);
      exchange.endEvents();
    } else {
      exchange.respond(200, "application/json", Json.bytes(whole()), Map.of());
    }
    end(200);
  }

  private ObjectNode whole() {
    ObjectNode body = envelope();
    ArrayNode all = body.putArray("choices");
    boolean tells = generation.fields().topLogprobs() >= 0;
    for (int i = 0; i < choices.length; i++) {
      Choice choice = choices[i];
      Piece piece = new Piece(choice.text.toString(), tells ? choice.logprobs : null, choice.calls);
      all.add(generation.shape().whole(i, piece, choice.finish, generation.model().tokenizer()));
    }
    body.set("usage", usage());
    return body;
  }

  private void start() {
    if (!started) {
      started = true;
      exchange.startEvents();
    }
  }

  private void send(ObjectNode choice) {
    ObjectNode chunk = envelope();
    chunk.putArray("choices").add(choice);
    if (generation.fields().includeUsage()) {
      chunk.set("usage", NullNode.getInstance());
    }
    exchange.sendEvent(Json.bytes(chunk));
  }

  private ObjectNode envelope() {
    return Json.object()
        .put("id", id)
        .put("object", generation.shape().object(generation.fields().stream()))
        .put("created", created)
        .put("model", generation.model().source().id());
  }

  private JsonNode usage() {
    ObjectNode usage = Json.object();
    usage.put("prompt_tokens", promptTokens);
    usage.put("completion_tokens", sampledTokens);
    usage.put("total_tokens", promptTokens + sampledTokens);
    usage.putObject("prompt_tokens_details").put("cached_tokens", cachedTokens);
    return usage;
  }
}
