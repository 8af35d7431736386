package org.treepo4j.serve.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.treepo4j.base.InputException;
import org.treepo4j.serve.http.Exchange;
import org.treepo4j.serve.models.ModelCatalog;
import org.treepo4j.serve.models.ServedModel;

/** The paths of the server. Reading a request is work for threads of its own. */
public final class OpenAiApi implements Exchange.Handler, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OpenAiApi.class);
  private static final int THREADS = 2;
  private static final int MAX_UNREAD = 512;
  private static final String JSON = "application/json";
  private static final String CHAT = "/v1/chat/completions";
  private static final String COMPLETIONS = "/v1/completions";
  private static final String MODELS = "/v1/models";
  private static final String RELOAD = "/admin/reload";
  private static final Map<String, String> METHODS =
      Map.of(
          CHAT,
          "POST",
          COMPLETIONS,
          "POST",
          RELOAD,
          "POST",
          MODELS,
          "GET",
          "/health",
          "GET",
          "/metrics",
          "GET");

  private final ModelCatalog models;
  private final ApiKeys keys;
  private final Answers answers;
  private final Metrics metrics = new Metrics();
  private final ThreadPoolExecutor readers;

  /** Reloading takes long; one at a time. */
  private final ThreadPoolExecutor reloads;

  private volatile boolean draining;

  /**
   * @param answerTime the longest a request may take from its body to the end of its answer
   */
  public OpenAiApi(ModelCatalog models, ApiKeys keys, Duration answerTime) {
    this.models = models;
    this.keys = keys;
    answers = new Answers(answerTime, metrics);
    readers = executor(THREADS, MAX_UNREAD, "request");
    reloads = executor(1, 1, "reload");
  }

  private static ThreadPoolExecutor executor(int threads, int queue, String name) {
    AtomicInteger number = new AtomicInteger();
    ThreadFactory factory =
        work -> {
          Thread thread = new Thread(work, name + "-" + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        };
    return new ThreadPoolExecutor(
        threads, threads, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(queue), factory);
  }

  /** The body of an error that HTTP itself gives. */
  public static byte[] error(int status, String message) {
    return Json.bytes(ApiException.http(status, message).json());
  }

  /** From now on {@code /health} says that the server shuts down. */
  public void drain() {
    draining = true;
  }

  @Override
  public void close() {
    readers.shutdownNow();
    reloads.shutdownNow();
    answers.close();
  }

  @Override
  public void handle(Exchange exchange) {
    try {
      route(exchange);
    } catch (ApiException e) {
      fail(exchange, e);
    } catch (RejectedExecutionException e) {
      fail(exchange, ApiException.full("too many requests at once"));
    }
  }

  private void route(Exchange exchange) throws ApiException {
    String path = exchange.path();
    boolean oneModel = path.startsWith(MODELS + "/");
    String method = oneModel ? "GET" : METHODS.get(path);
    if (method == null) {
      throw ApiException.http(404, "there is no " + path);
    }
    boolean head = exchange.method().equals("HEAD") && method.equals("GET");
    if (!exchange.method().equals(method) && !head) {
      throw ApiException.http(405, path + " takes " + method + ", not " + exchange.method());
    }
    if (path.equals("/health")) {
      health(exchange);
      return;
    }
    keys.check(exchange);
    if (oneModel) {
      respond(exchange, describe(model(path.substring(MODELS.length() + 1))));
      return;
    }
    switch (path) {
      case MODELS -> listModels(exchange);
      case "/metrics" -> {
        byte[] text = metrics.text(models.all()).getBytes(StandardCharsets.UTF_8);
        exchange.respond(200, "text/plain; version=0.0.4; charset=utf-8", text, Map.of());
      }
      case RELOAD -> {
        if (!exchange.isFromThisMachine()) {
          throw ApiException.http(403, RELOAD + " is for this machine only");
        }
        requireJson(exchange);
        reloads.execute(() -> answering(exchange, () -> reload(exchange)));
      }
      default -> {
        requireJson(exchange);
        readers.execute(() -> answering(exchange, () -> generate(exchange)));
      }
    }
  }

  /** Another site's page can make a browser send a form here, but not JSON. */
  private static void requireJson(Exchange exchange) throws ApiException {
    String type = exchange.header("Content-Type").orElse("").split(";", 2)[0].strip();
    if (!type.equalsIgnoreCase(JSON)) {
      throw ApiException.http(415, "the header Content-Type must be " + JSON);
    }
  }

  /** A part of the work on a request. */
  @FunctionalInterface
  private interface Work {
    void run() throws ApiException;
  }

  private void answering(Exchange exchange, Work work) {
    try {
      work.run();
    } catch (ApiException e) {
      fail(exchange, e);
    } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
      LOG.error("a request failed", e);
      fail(exchange, ApiException.http(500, "the request failed: " + e.getClass().getSimpleName()));
    }
  }

  private void fail(Exchange exchange, ApiException problem) {
    Map<String, String> headers =
        problem.status() == 429 || problem.status() == 503
            ? Map.of("Retry-After", "1")
            : problem.status() == 401 ? Map.of("WWW-Authenticate", "Bearer") : Map.of();
    boolean known = METHODS.containsKey(exchange.path());
    metrics.request(known ? exchange.path() : "other", problem.status());
    exchange.respond(problem.status(), JSON, Json.bytes(problem.json()), headers);
  }

  private void respond(Exchange exchange, ObjectNode body) {
    boolean known = METHODS.containsKey(exchange.path());
    metrics.request(known ? exchange.path() : MODELS, 200);
    exchange.respond(200, JSON, Json.bytes(body), Map.of());
  }

  private void health(Exchange exchange) {
    boolean open = !draining && models.all().stream().allMatch(model -> model.engine().isOpen());
    ObjectNode body = Json.object().put("status", open ? "ok" : "unavailable");
    exchange.respond(open ? 200 : 503, JSON, Json.bytes(body), Map.of());
  }

  private void listModels(Exchange exchange) {
    ObjectNode body = Json.object().put("object", "list");
    ArrayNode data = body.putArray("data");
    models.all().forEach(model -> data.add(describe(model)));
    respond(exchange, body);
  }

  private static ObjectNode describe(ServedModel model) {
    return Json.object()
        .put("id", model.source().id())
        .put("object", "model")
        .put("created", model.opened().getEpochSecond())
        .put("owned_by", "treepo4j");
  }

  private ServedModel model(String id) throws ApiException {
    return models.find(id).orElseThrow(() -> ApiException.unknownModel(id));
  }

  private void generate(Exchange exchange) throws ApiException {
    RequestFields fields = new RequestFields(Json.readObject(exchange.body()));
    ServedModel model = model(fields.text("model"));
    boolean chat = exchange.path().equals(CHAT);
    answers.begin(
        exchange, chat ? ChatRequest.read(fields, model) : CompletionRequest.read(fields, model));
  }

  private void reload(Exchange exchange) throws ApiException {
    RequestFields fields = new RequestFields(Json.readObject(exchange.body()));
    fields.allow(Set.of("model", "path"));
    ServedModel old = model(fields.text("model"));
    Optional<String> path = fields.optionalText("path");
    ServedModel fresh;
    try {
      fresh = models.reload(old.source().id(), path.map(Path::of));
    } catch (IOException
        | IllegalArgumentException
        | InputException
        | org.treepo4j.model.EngineUnavailableException e) {
      String reason = e instanceof InvalidPathException ? "is no path" : "is not taken: ";
      String detail = e instanceof InvalidPathException ? "" : e.getMessage();
      throw fields.wrong(path.isPresent() ? "path" : "model", reason + detail);
    }
    LOG.info("reloaded {} from {}", fresh.source().id(), fresh.source().model());
    respond(exchange, describe(fresh));
  }
}
