package org.treepo4j.rl.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;

/**
 * The calls of MLflow's REST API that a run needs.
 *
 * @see <a href="https://mlflow.org/docs/latest/rest-api.html">REST API 2.0</a>
 */
final class MlflowClient {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(20);
  private static final String API = "/api/2.0/mlflow/";

  private final String server;
  private final Map<String, String> environment;
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(CONNECT).build();

  /** The server understood and refused: trying again is of no use. */
  static final class RefusedException extends IOException {
    private final String code;

    RefusedException(String code, String message) {
      super(message);
      this.code = code;
    }
  }

  /**
   * @param server its address, without a slash at the end
   * @param environment name and password, or token, under MLflow's names
   */
  MlflowClient(String server, Map<String, String> environment) {
    this.server = server;
    this.environment = environment;
  }

  /** The id of an experiment, which is made where there is none of that name. */
  String experiment(String name) throws IOException, InterruptedException {
    String query = "?experiment_name=" + URLEncoder.encode(name, StandardCharsets.UTF_8);
    try {
      return send(request("experiments/get-by-name" + query).GET())
          .at("/experiment/experiment_id")
          .asText();
    } catch (RefusedException e) {
      if (!"RESOURCE_DOES_NOT_EXIST".equals(e.code)) {
        throw e;
      }
      return post("experiments/create", JSON.createObjectNode().put("name", name))
          .path("experiment_id")
          .asText();
    }
  }

  /** Calls a path of the API with a body. */
  JsonNode post(String path, ObjectNode body) throws IOException, InterruptedException {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body))));
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server + API + path)).timeout(ANSWER);
    String token = environment.get("MLFLOW_TRACKING_TOKEN");
    String name = environment.get("MLFLOW_TRACKING_USERNAME");
    if (name != null) {
      String pair = name + ":" + environment.getOrDefault("MLFLOW_TRACKING_PASSWORD", "");
      byte[] utf8 = pair.getBytes(StandardCharsets.UTF_8);
      request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(utf8));
    } else if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    return request;
  }

  private JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<byte[]> response =
        http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    int status = response.statusCode();
    if (status == 200) {
      return JSON.readTree(response.body());
    }
    JsonNode error;
    try {
      error = JSON.readTree(response.body());
    } catch (IOException e) {
      error = JSON.createObjectNode(); // a proxy's page
    }
    String message = error.path("message").asText("").lines().findFirst().orElse("");
    String said = "status " + status + (message.isEmpty() ? "" : ", " + message);
    if (status >= 500 || status == 429 || status == 408) {
      throw new IOException(said);
    }
    throw new RefusedException(error.path("error_code").asText(), said);
  }
}
