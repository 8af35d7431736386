package org.treepo4j.serve.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.serve.FakeLm;
import org.treepo4j.serve.TestServer;

/** Every field that cannot be used is named. */
class RefusalsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String HELLO = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

  private static TestServer server;

  @BeforeAll
  static void open() throws Exception {
    server = TestServer.of(() -> FakeLm.saying("ok"));
  }

  @AfterAll
  static void close() {
    server.close();
  }

  /** They would be left out of the prompt without a word. */
  @Test
  void charactersThatTheTokenizerHasNoTokenFor() throws Exception {
    String why = " must not hold 'é' (U+00E9), for which the model's tokenizer has no token";
    assertRefused("/v1/completions", "\"prompt\":\"caf\u00e9\"", "prompt", "prompt" + why);
    String second = "messages[1].content";
    assertRefused(
        "/v1/chat/completions",
        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"user\",\"content\":\"\u00e9\"}]",
        second,
        second + why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "n | \"n\":0 | n must be an integer from 1 to 64, was 0",
        "n | \"n\":65 | n must be an integer from 1 to 64, was 65",
        "n | \"n\":1.5 | n must be an integer from 1 to 64, was 1.5",
        "max_tokens | \"max_tokens\":0 | max_tokens must be an integer of at least 1, was 0",
        "temperature | \"temperature\":2.1 | temperature must be a number from 0.0 to 2.0, was 2.1",
        "temperature | \"temperature\":\"hot\" | temperature must be a number from 0.0 to 2.0, was \"hot\"",
        "temperature | \"temperature\":1e-9 | temperature must be 0 or at least 0.000001",
        "top_p | \"top_p\":0 | top_p must be above 0",
        "top_p | \"top_p\":1.01 | top_p must be a number from 0.0 to 1.0, was 1.01",
        "top_k | \"top_k\":-2 | top_k must be an integer of at least -1, was -2",
        "min_p | \"min_p\":2 | min_p must be a number from 0.0 to 1.0, was 2",
        "seed | \"seed\":\"a\" | seed must be an integer of 64 bits, was \"a\"",
        "seed | \"seed\":92233720368547758080 | seed must be an integer of 64 bits, was 92233720368547758080",
        "stop | \"stop\":[\"\"] | stop must be texts that are not empty",
        "stop | \"stop\":[1] | stop must be texts that are not empty",
        "stop | \"stop\":{} | stop must be an array",
        "logit_bias | \"logit_bias\":[] | logit_bias must be an object",
        "logit_bias | \"logit_bias\":{\"128\":1} | logit_bias must have token ids from 0 to 127 as names",
        "logit_bias | \"logit_bias\":{\"x\":1} | logit_bias must have token ids from 0 to 127 as names",
        "logit_bias.1 | \"logit_bias\":{\"1\":101} | logit_bias.1 must be a number from -100.0 to 100.0, was 101",
        "stream | \"stream\":1 | stream must be true or false, was 1",
        "stream_options | \"stream_options\":{} | stream_options must not be given without stream",
        "stream_options.x | \"stream\":true,\"stream_options\":{\"x\":1} | stream_options.x is not known here",
        "presence_penalty | \"presence_penalty\":1 | presence_penalty must be a number from 0.0 to 0.0, was 1",
        "frequency_penalty | \"frequency_penalty\":1 | frequency_penalty must be a number from 0.0 to 0.0, was 1",
        "functions | \"functions\":[] | functions is not known here",
      })
  void ofBothKindsOfRequest(String param, String field, String message) throws Exception {
    assertRefused("/v1/chat/completions", HELLO + "," + field, param, message);
    assertRefused("/v1/completions", "\"prompt\":\"a>\"," + field, param, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "messages | \"n\":1 | messages must hold at least one message",
        "messages | \"messages\":[] | messages must hold at least one message",
        "messages | \"messages\":\"hi\" | messages must be an array",
        "messages[0] | \"messages\":[\"hi\"] | messages[0] must be an object",
        "messages[0].role | \"messages\":[{\"content\":\"a\"}] | messages[0].role must be given",
        "messages[0].role | \"messages\":[{\"role\":\"x\",\"content\":\"a\"}] | messages[0].role must be system, developer, user, assistant or tool",
        "messages[0].content | \"messages\":[{\"role\":\"user\"}] | messages[0].content must be given",
        "messages[0].content | \"messages\":[{\"role\":\"user\",\"content\":1}] | messages[0].content must be an array",
        "messages[0].content[0].type | \"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}] | messages[0].content[0].type must be text",
        "messages[0].audio | \"messages\":[{\"role\":\"assistant\",\"content\":\"\",\"audio\":{}}] | messages[0].audio is not offered",
        "messages[0].tool_calls[0].function.arguments | \"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"[\"}}]}] | messages[0].tool_calls[0].function.arguments must be a JSON object as text",
      })
  void ofMessages(String param, String field, String message) throws Exception {
    assertRefused("/v1/chat/completions", field, param, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "max_tokens | \"max_tokens\":1,\"max_completion_tokens\":2 | max_tokens must not be other than max_completion_tokens",
        "logprobs | \"logprobs\":1 | logprobs must be true or false, was 1",
        "top_logprobs | \"top_logprobs\":1 | top_logprobs must not be given without logprobs",
        "chat_template_kwargs | \"chat_template_kwargs\":{\"messages\":[]} | chat_template_kwargs must not hold messages",
        "top_logprobs | \"logprobs\":true,\"top_logprobs\":21 | top_logprobs must be an integer from 0 to 20, was 21",
        "response_format | \"response_format\":{\"type\":\"json_object\"} | response_format must be of type text",
        "tools[0].type | \"tools\":[{\"type\":\"x\"}] | tools[0].type must be function",
        "tools[0].function | \"tools\":[{\"type\":\"function\"}] | tools[0].function must be given",
        "tool_choice | \"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"required\" | tool_choice must be auto or none",
        "parallel_tool_calls | \"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"parallel_tool_calls\":false | parallel_tool_calls must be true",
      })
  void ofChats(String param, String field, String message) throws Exception {
    assertRefused("/v1/chat/completions", HELLO + "," + field, param, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "prompt | \"n\":1 | prompt must be given",
        "prompt | \"prompt\":[] | prompt must be a text, or an array of texts or token ids",
        "prompt | \"prompt\":\"\" | prompt must not be empty, for the model has no BOS token",
        "prompt | \"prompt\":[1,128] | prompt must have token ids from 0 to 127",
        "prompt | \"prompt\":[\"a\",[]] | prompt must be a text, or an array of texts or token ids",
        "logprobs | \"prompt\":\"a\",\"logprobs\":21 | logprobs must be an integer from 0 to 20, was 21",
        "echo | \"prompt\":\"a\",\"echo\":true | echo is not offered",
        "suffix | \"prompt\":\"a\",\"suffix\":\"b\" | suffix is not offered",
        "best_of | \"prompt\":\"a\",\"best_of\":2 | best_of must be the same as n",
      })
  void ofCompletions(String param, String field, String message) throws Exception {
    assertRefused("/v1/completions", field, param, message);
  }

  @Test
  void ofPromptsThatAreTooLong() throws Exception {
    String prompt = "\"prompt\":\"" + "a".repeat(512) + "\"";
    String message = "prompt has 512 tokens, the model holds 512 with the answer";
    assertRefused("/v1/completions", prompt, "prompt", message);
  }

  @Test
  void ofMoreLogprobsThanMayBeGathered() throws Exception {
    String fields = "\"prompt\":[\"a\",\"b\"],\"n\":64,\"max_tokens\":500,\"logprobs\":20";
    String message =
        "logprobs must be streamed or fewer: the answer may have 1344000 of them, at most 1048576"
            + " are gathered";
    assertRefused("/v1/completions", fields, "logprobs", message);
  }

  @Test
  void ofOtherModels() throws Exception {
    HttpResponse<String> response =
        server.post("/v1/completions", "{\"model\":\"gpt\",\"prompt\":\"a\"}");
    assertError(response, 404, "model", "there is no model gpt");
    assertError(server.get("/v1/models/gpt"), 404, "model", "there is no model gpt");
    assertError(server.get("/v1/models/g%20%C3%A4"), 404, "model", "there is no model g ä");
    assertError(server.post("/v1/completions", "{}"), 400, "model", "model must be given");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{", "[]", "null", "{\"a\":1,\"a\":2}", "{} {}", "{\"model\":\"\u0001\"}"})
  void ofJunk(String body) throws Exception {
    HttpResponse<String> response = server.post("/v1/chat/completions", body);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(JSON.readTree(response.body()).path("error").path("message").asText())
        .startsWith("the body ");
  }

  @Test
  void ofDeepNesting() throws Exception {
    String body = "{\"model\":\"fake\",\"messages\":" + "[".repeat(100_000);
    assertThat(server.post("/v1/chat/completions", body).statusCode()).isEqualTo(400);
  }

  @Test
  void ofOtherPathsMethodsAndTypes() throws Exception {
    assertError(server.get("/v2"), 404, null, "there is no /v2");
    String method = "/v1/completions takes POST, not GET";
    assertError(server.get("/v1/completions"), 405, null, method);
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      String form =
          "POST /admin/reload HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
              + "Content-Length: 2\r\n\r\n{}";
      socket.getOutputStream().write(form.getBytes(StandardCharsets.US_ASCII));
      byte[] status = socket.getInputStream().readNBytes(12);
      assertThat(new String(status, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 415");
    }
  }

  @Test
  void ofKeysThatNoHeaderBrings(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("keys");
    Files.writeString(file, "# ours\nschlüssel\n");
    assertThatThrownBy(() -> ApiKeys.read(file)).hasMessageStartingWith(file + ": line 2: a key");
    Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe});
    assertThatThrownBy(() -> ApiKeys.read(file)).hasMessage(file + ": expected UTF-8 text");
  }

  @Test
  void ofRequestsWithoutAKey(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("keys");
    Files.writeString(file, "# ours\nsecret-1\n\nsecret-2\n");
    ApiKeys keys = ApiKeys.read(file);
    try (TestServer guarded =
        TestServer.of(
            () -> FakeLm.saying("ok"),
            TestServer.limits(8, 8),
            settings -> settings.withKeys(keys))) {
      assertError(
          guarded.get("/v1/models"), 401, null, "the header Authorization must be: Bearer KEY");
      String body = "{\"model\":\"fake\",\"prompt\":\"a>\"}";
      for (String wrong : List.of("secret", "secret-11", "# ours")) {
        assertError(
            guarded.post("/v1/completions", body, "Authorization", "Bearer " + wrong),
            401,
            null,
            "the API key is not known");
      }
      assertThat(
              guarded
                  .post("/v1/completions", body, "Authorization", "Bearer secret-2")
                  .statusCode())
          .isEqualTo(200);
      assertThat(guarded.get("/health").statusCode()).isEqualTo(200);
    }
  }

  private static void assertRefused(String path, String fields, String param, String message)
      throws Exception {
    HttpResponse<String> response = server.post(path, "{\"model\":\"fake\"," + fields + "}");
    assertError(response, 400, param, message);
  }

  private static void assertError(
      HttpResponse<String> response, int status, String param, String message) throws Exception {
    JsonNode error = JSON.readTree(response.body()).path("error");
    assertThat(error.path("message").asText()).isEqualTo(message);
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(error.path("param").asText(null)).isEqualTo(param);
    assertThat(error.path("type").asText()).isNotEmpty();
  }
}
