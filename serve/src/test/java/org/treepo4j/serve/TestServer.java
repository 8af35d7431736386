package org.treepo4j.serve;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.treepo4j.serve.models.ModelCatalog;
import org.treepo4j.serve.models.ServedModel;
import org.treepo4j.serve.sampling.EngineStatistics;
import org.treepo4j.serve.sampling.SamplingEngine;
import org.treepo4j.serve.sampling.SamplingLimits;
import org.treepo4j.tokenizer.ChatTemplate;

/** A server on a free port that answers with a fake model. */
public final class TestServer implements AutoCloseable {
  public static final String MODEL = "fake";

  /** The last message, its tools before it where there are some. */
  private static final String TEMPLATE =
      "{% if tools %}Answer in <tool_call> marks: {{ tools | tojson }}{% endif %}"
          + "{% for m in messages %}{% if m.role == 'refused' %}{{ raise_exception('no') }}{% endif %}"
          + "{{ m.role }}: {{ m.content }}{% if m.tool_calls %}{{ m.tool_calls | tojson }}"
          + "{% endif %};{% endfor %}>";

  private final ModelCatalog models;
  private final Server server;
  private final HttpClient client = HttpClient.newHttpClient();

  private TestServer(ModelCatalog models, Server server) {
    this.models = models;
    this.server = server;
  }

  /** A server with room for everything. */
  public static TestServer of(Supplier<FakeLm> model) throws IOException {
    return of(model, limits(64, 256), settings -> settings);
  }

  public static TestServer of(
      Supplier<FakeLm> model, SamplingLimits limits, Function<ServeSettings, ServeSettings> change)
      throws IOException {
    Path folder = Files.createTempDirectory("serve");
    Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
    Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
    ServedModel.Loader loader =
        source -> {
          FakeLm lm = model.get();
          CharTokenizer tokenizer = new CharTokenizer();
          return new ServedModel(
              source,
              Instant.now(),
              tokenizer,
              ChatTemplate.load(source.model()),
              lm.config(),
              new SamplingEngine(lm, tokenizer, limits));
        };
    ModelCatalog models =
        new ModelCatalog(loader, List.of(new ServedModel.Source(MODEL, folder, Optional.empty())));
    ServeSettings settings = ServeSettings.on(new InetSocketAddress("127.0.0.1", 0));
    return new TestServer(models, new Server(models, change.apply(settings)));
  }

  public static SamplingLimits limits(int paths, int waiting) {
    return new SamplingLimits(paths, waiting, 16, 100_000L << 20);
  }

  public int port() {
    return server.port();
  }

  public Server server() {
    return server;
  }

  /** What OpenAI's clients call the base URL. */
  public String url() {
    return "http://127.0.0.1:" + server.port() + "/v1";
  }

  public EngineStatistics statistics() {
    return models.find(MODEL).orElseThrow().engine().statistics();
  }

  public HttpResponse<String> get(String path) throws Exception {
    return client.send(
        HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofString());
  }

  public HttpResponse<String> post(String path, String body, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(path)).POST(HttpRequest.BodyPublishers.ofString(body));
    request.header("Content-Type", "application/json");
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** The data of the events of a streamed response. */
  public static List<String> events(HttpResponse<String> response) {
    List<String> events = new ArrayList<>();
    for (String line : response.body().split("\n\n")) {
      events.add(line.substring("data: ".length()));
    }
    return events;
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }

  @Override
  public void close() {
    server.close();
  }
}
