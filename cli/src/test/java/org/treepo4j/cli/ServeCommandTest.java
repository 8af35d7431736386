package org.treepo4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class ServeCommandTest {
  private static final String MODEL = "../examples/chain-sums/model";

  @TempDir private Path folder;

  /** The steps of docs/serving.md. */
  @Test
  void answersUntilItIsToldToEnd() throws Exception {
    Path keys = Files.writeString(folder.resolve("keys.txt"), "secret\n");
    StringWriter out = new StringWriter();
    CompletableFuture<Integer> code = new CompletableFuture<>();
    Thread command =
        new Thread(
            () ->
                code.complete(
                    run(out, "--model", MODEL, "--port", "0", "--api-key-file", keys.toString())));
    command.start();
    while (!out.toString().endsWith("\n")) {
      assertThat(code.isDone()).as(out.toString()).isFalse();
      Thread.sleep(10);
    }
    JsonNode line = new ObjectMapper().readTree(out.toString());
    assertThat(line.path("models")).hasToString("[\"model\"]");
    String question =
        "{\"model\":\"model\",\"prompt\":\"7+58-13+9=\",\"temperature\":0,\"max_tokens\":40}";
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(line.path("url").asText() + "/completions"))
                    .header("Content-Type", "application/json")
                    .header("Authorization", "Bearer secret")
                    .POST(HttpRequest.BodyPublishers.ofString(question))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.body()).contains("\\\\boxed{").contains("\"finish_reason\":\"stop\"");
    command.interrupt();
    assertThat(code.get(60, TimeUnit.SECONDS)).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--port 70000 | --port must be from 0 to 65535, was 70000",
        "--host nowhere.invalid | --host must be an address of this machine, was nowhere.invalid",
        "--tls-key k | --tls-cert and --tls-key must be given together",
        "--api-key-file missing | missing: no such file",
        "--max-paths 0 | --max-paths must be positive, was 0",
        "--max-waiting 0 | --max-waiting must be positive, was 0",
        "--cache-mib 0 | --cache-mib must be positive, was 0",
        "--lora missing | missing",
      })
  void badInputIsOneLine(String arguments, String message) {
    List<String> all = new ArrayList<>(List.of("--model", MODEL));
    all.addAll(List.of(arguments.split(" ")));
    StringWriter output = new StringWriter();
    assertThat(run(output, all.toArray(String[]::new))).isEqualTo(ErrorReporting.BAD_INPUT);
    assertThat(output.toString()).startsWith("treepo: ").contains(message).hasLineCount(1);
  }

  @Test
  void aPortInUseIsNamed() throws Exception {
    try (ServerSocket used = new ServerSocket(0)) {
      StringWriter output = new StringWriter();
      String port = Integer.toString(used.getLocalPort());
      assertThat(run(output, "--model", MODEL, "--port", port)).isEqualTo(ErrorReporting.BAD_INPUT);
      assertThat(output.toString()).contains("cannot listen on 127.0.0.1:" + port);
    }
  }

  private static int run(StringWriter output, String... arguments) {
    PrintWriter writer = new PrintWriter(output, true);
    String[] all = new String[arguments.length + 1];
    all[0] = "serve";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return Main.run(writer, writer, all);
  }
}
