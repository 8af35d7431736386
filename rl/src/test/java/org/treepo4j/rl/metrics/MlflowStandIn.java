package org.treepo4j.rl.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Stands in for an MLflow tracking server: takes the calls of the REST API 2.0 that are documented,
 * with the fields that are documented, within the limits that are documented, and answers anything
 * else with an error.
 */
final class MlflowStandIn implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> STATUSES =
      Set.of("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED");

  private final HttpServer http;
  private final Map<String, String> experiments = new TreeMap<>();
  final List<String> complaints = new ArrayList<>();
  final Map<String, Run> runs = new TreeMap<>();

  /** Calls that are answered with an error from now on. */
  private int failures;

  /** What the server knows of a run. */
  static final class Run {
    String experiment;
    String status = "RUNNING";
    final Map<String, String> parameters = new TreeMap<>();
    final Map<String, String> tags = new TreeMap<>();

    /** {@code name step value}, in the order of arrival. */
    final List<String> metrics = new ArrayList<>();
  }

  private static final class Refusal extends Exception {
    private final int status;
    private final String code;

    Refusal(int status, String code, String message) {
      super(message);
      this.status = status;
      this.code = code;
    }
  }

  MlflowStandIn(int port) throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    http.createContext("/", this::answer);
    http.start();
  }

  int port() {
    return http.getAddress().getPort();
  }

  String address() {
    return "http://127.0.0.1:" + port();
  }

  synchronized void failNext(int calls) {
    failures = calls;
  }

  private synchronized void answer(HttpExchange exchange) throws IOException {
    byte[] body;
    int status = 200;
    try {
      if (failures > 0) {
        failures--;
        throw new Refusal(503, "TEMPORARILY_UNAVAILABLE", "come again");
      }
      String text =
          new String(
              exchange.getRequestBody().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      body = JSON.writeValueAsBytes(call(exchange, text));
    } catch (Refusal e) {
      status = e.status;
      if (status == 400) {
        complaints.add(e.getMessage());
      }
      body =
          JSON.writeValueAsBytes(
              JSON.createObjectNode().put("error_code", e.code).put("message", e.getMessage()));
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private ObjectNode call(HttpExchange exchange, String text) throws IOException, Refusal {
    String call = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
    JsonNode body = text.isEmpty() ? JSON.createObjectNode() : JSON.readTree(text);
    ObjectNode answer = JSON.createObjectNode();
    switch (call) {
      case "GET /api/2.0/mlflow/experiments/get-by-name" -> {
        String name = exchange.getRequestURI().getQuery().replace("experiment_name=", "");
        if (!experiments.containsKey(name)) {
          throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", "no experiment " + name);
        }
        answer.putObject("experiment").put("experiment_id", experiments.get(name));
      }
      case "POST /api/2.0/mlflow/experiments/create" -> {
        only(body, "name");
        experiments.put(text(body, "name"), "7" + experiments.size());
        answer.put("experiment_id", experiments.get(text(body, "name")));
      }
      case "POST /api/2.0/mlflow/runs/create" -> answer.set("run", create(body));
      case "POST /api/2.0/mlflow/runs/update" -> {
        only(body, "run_id", "status", "end_time");
        Run run = run(body);
        require(STATUSES.contains(text(body, "status")), "status " + text(body, "status"));
        require(!body.has("end_time") || body.get("end_time").isIntegralNumber(), "end_time");
        run.status = text(body, "status");
      }
      case "POST /api/2.0/mlflow/runs/log-batch" -> logBatch(body);
      default -> throw new Refusal(404, "ENDPOINT_NOT_FOUND", call);
    }
    return answer;
  }

  private ObjectNode create(JsonNode body) throws Refusal {
    only(body, "experiment_id", "run_name", "start_time", "tags");
    require(body.path("start_time").isIntegralNumber(), "start_time");
    require(experiments.containsValue(text(body, "experiment_id")), "experiment_id");
    Run run = new Run();
    run.experiment = text(body, "experiment_id");
    for (JsonNode tag : body.path("tags")) {
      only(tag, "key", "value");
      run.tags.put(text(tag, "key"), text(tag, "value"));
    }
    String id = "run" + runs.size();
    runs.put(id, run);
    ObjectNode made = JSON.createObjectNode();
    made.putObject("info").put("run_id", id).put("status", "RUNNING");
    return made;
  }

  private void logBatch(JsonNode body) throws Refusal {
    only(body, "run_id", "metrics", "params", "tags");
    Run run = run(body);
    require(body.path("metrics").size() <= 1000, "more than 1000 metrics");
    require(body.path("params").size() <= 100, "more than 100 params");
    for (JsonNode metric : body.path("metrics")) {
      only(metric, "key", "value", "timestamp", "step");
      require(metric.get("value").isNumber(), "value");
      require(metric.get("timestamp").asLong() > 1_600_000_000_000L, "timestamp in milliseconds");
      require(metric.get("step").isIntegralNumber(), "step");
      run.metrics.add(
          name(metric) + " " + metric.get("step") + " " + metric.get("value").asDouble());
    }
    for (JsonNode param : body.path("params")) {
      only(param, "key", "value");
      require(text(param, "value").length() <= 500, "value of " + name(param) + " is too long");
      String before = run.parameters.put(name(param), text(param, "value"));
      require(before == null || before.equals(text(param, "value")), "param changed");
    }
  }

  private static String name(JsonNode named) throws Refusal {
    String key = text(named, "key");
    require(key.length() <= 250 && key.matches("[\\w./ -]+"), "key " + key);
    return key;
  }

  private Run run(JsonNode body) throws Refusal {
    Run run = runs.get(text(body, "run_id"));
    if (run == null) {
      throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", "no run " + text(body, "run_id"));
    }
    return run;
  }

  private static String text(JsonNode body, String field) throws Refusal {
    require(body.path(field).isTextual(), field + " must be a string in " + body);
    return body.get(field).textValue();
  }

  private static void only(JsonNode body, String... fields) throws Refusal {
    for (Iterator<String> names = body.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      require(Set.of(fields).contains(name), "unknown field " + name);
    }
  }

  private static void require(boolean holds, String what) throws Refusal {
    if (!holds) {
      throw new Refusal(400, "INVALID_PARAMETER_VALUE", what);
    }
  }

  @Override
  public void close() {
    http.stop(0);
  }
}
