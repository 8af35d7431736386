package org.treepo4j.serve.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.treepo4j.serve.FakeLm;
import org.treepo4j.serve.TestServer;

/** Answers on the wire, streamed and not. */
class CompletionsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CHAT = "/v1/chat/completions";
  private static final String TOOL =
      "{\"type\":\"function\",\"function\":{\"name\":\"add\",\"parameters\":{\"type\":\"object\"}}}";

  private TestServer server;

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void aCompletionHasTextLogprobsAndUsage() throws Exception {
    server = TestServer.of(() -> FakeLm.saying("ok"));
    JsonNode answer =
        complete("{\"model\":\"fake\",\"prompt\":\"go>\",\"logprobs\":1,\"max_tokens\":5}");
    assertThat(answer.path("object").asText()).isEqualTo("text_completion");
    assertThat(answer.path("id").asText()).startsWith("cmpl-");
    JsonNode choice = answer.path("choices").path(0);
    assertThat(choice.path("text").asText()).isEqualTo("ok");
    assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
    assertThat(choice.path("logprobs").path("tokens")).hasToString("[\"o\",\"k\"]");
    assertThat(choice.path("logprobs").path("text_offset")).hasToString("[0,1]");
    assertThat(choice.path("logprobs").path("token_logprobs").path(0).asDouble()).isZero();
    assertThat(choice.path("logprobs").path("top_logprobs").path(0).has("o")).isTrue();
    assertThat(answer.path("usage"))
        .hasToString(
            "{\"prompt_tokens\":3,\"completion_tokens\":3,\"total_tokens\":6,"
                + "\"prompt_tokens_details\":{\"cached_tokens\":0}}");
  }

  @Test
  void promptsInAListHaveTheirAnswersInOrder() throws Exception {
    server = TestServer.of(() -> FakeLm.saying("ok"));
    JsonNode answer =
        complete("{\"model\":\"fake\",\"prompt\":[\"a>\",[98,62]],\"n\":2,\"max_tokens\":1}");
    assertThat(answer.path("choices")).hasSize(4);
    for (int i = 0; i < 4; i++) {
      assertThat(answer.path("choices").path(i).path("index").asInt()).isEqualTo(i);
      assertThat(answer.path("choices").path(i).path("text").asText()).isEqualTo("o");
      assertThat(answer.path("choices").path(i).path("finish_reason").asText()).isEqualTo("length");
    }
    assertThat(answer.path("usage").path("prompt_tokens").asInt()).isEqualTo(4);
  }

  @Test
  void theSameSeedGivesTheSameAnswer() throws Exception {
    server = TestServer.of(FakeLm::random);
    String body = "{\"model\":\"fake\",\"prompt\":\"x\",\"max_tokens\":20,\"seed\":%d,\"n\":2}";
    JsonNode first = complete(body.formatted(1)).path("choices");
    assertThat(complete(body.formatted(1)).path("choices")).isEqualTo(first);
    assertThat(complete(body.formatted(2)).path("choices")).isNotEqualTo(first);
    assertThat(first.path(0).path("text")).isNotEqualTo(first.path(1).path("text"));
  }

  @Test
  void aStreamEndsWithItsUsage() throws Exception {
    server = TestServer.of(() -> FakeLm.saying("ok"));
    HttpResponse<String> response =
        server.post(
            CHAT,
            "{\"model\":\"fake\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                + "\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    assertThat(response.headers().firstValue("content-type"))
        .hasValue("text/event-stream; charset=utf-8");
    List<String> events = TestServer.events(response);
    assertThat(events).hasSize(5).last().isEqualTo("[DONE]");
    assertThat(json(events.get(0)).path("choices").path(0).path("delta"))
        .hasToString("{\"role\":\"assistant\",\"content\":\"o\"}");
    assertThat(json(events.get(0)).get("usage").isNull()).isTrue();
    assertThat(json(events.get(1)).path("choices").path(0).path("delta"))
        .hasToString("{\"content\":\"k\"}");
    assertThat(json(events.get(2)).path("choices").path(0).path("finish_reason").asText())
        .isEqualTo("stop");
    assertThat(json(events.get(3)).path("choices")).isEmpty();
    assertThat(json(events.get(3)).path("usage").path("completion_tokens").asInt()).isEqualTo(3);
  }

  @Test
  void aStreamJoinedIsTheAnswerNotStreamed() throws Exception {
    server = TestServer.of(FakeLm::random);
    String body =
        "{\"model\":\"fake\",\"prompt\":\"x\",\"max_tokens\":40,\"seed\":5,\"logprobs\":2,"
            + "\"stop\":[\"qq\",\"ab\"],\"stream\":";
    JsonNode whole = complete(body + "false}").path("choices").path(0);
    StringBuilder text = new StringBuilder();
    int tokens = 0;
    for (String event : TestServer.events(server.post("/v1/completions", body + "true}"))) {
      if (!event.equals("[DONE]")) {
        JsonNode choice = json(event).path("choices").path(0);
        text.append(choice.path("text").asText());
        tokens += choice.path("logprobs").path("tokens").size();
      }
    }
    assertThat(text).hasToString(whole.path("text").asText());
    assertThat(tokens).isEqualTo(whole.path("logprobs").path("tokens").size());
  }

  @Test
  void chatLogprobsNameTheBytes() throws Exception {
    server = TestServer.of(() -> FakeLm.saying("k"));
    JsonNode answer =
        chat(
            "{\"model\":\"fake\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                + "\"logprobs\":true,\"top_logprobs\":1}");
    assertThat(answer.path("choices").path(0).path("logprobs"))
        .hasToString(
            "{\"content\":[{\"token\":\"k\",\"logprob\":0.0,\"bytes\":[107],\"top_logprobs\":"
                + "[{\"token\":\"k\",\"logprob\":0.0,\"bytes\":[107]}]}],\"refusal\":null}");
  }

  @Test
  void toolCallsAreRecognised() throws Exception {
    String said =
        "Let me see. <tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>";
    server = TestServer.of(() -> FakeLm.saying(said));
    JsonNode choice =
        chat("{\"model\":\"fake\",\"messages\":[{\"role\":\"user\",\"content\":\"1+1\"}],"
                + "\"tools\":[%s]}".formatted(TOOL))
            .path("choices")
            .path(0);
    assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
    assertThat(choice.path("message").path("content").asText()).isEqualTo("Let me see. ");
    JsonNode call = choice.path("message").path("tool_calls").path(0);
    assertThat(call.path("id").asText()).startsWith("call_");
    assertThat(call.path("function"))
        .hasToString("{\"name\":\"add\",\"arguments\":\"{\\\"a\\\":1}\"}");
  }

  @Test
  void withoutToolsTheSameTextStaysText() throws Exception {
    String said = "<tool_call>{\"name\":\"add\",\"arguments\":{}}</tool_call>";
    server = TestServer.of(() -> FakeLm.saying(said));
    JsonNode choice =
        chat("{\"model\":\"fake\",\"messages\":[{\"role\":\"user\",\"content\":\"1+1\"}]}")
            .path("choices")
            .path(0);
    assertThat(choice.path("message").path("content").asText()).isEqualTo(said);
    assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
  }

  @Test
  void aConversationWithToolResultsReachesTheTemplate() throws Exception {
    server = TestServer.of(() -> FakeLm.saying("2"));
    JsonNode answer =
        chat(
            "{\"model\":\"fake\",\"messages\":[{\"role\":\"developer\",\"content\":\"s\"},"
                + "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"1+\"},"
                + "{\"type\":\"text\",\"text\":\"1\"}]},{\"role\":\"assistant\",\"content\":null,"
                + "\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":"
                + "{\"name\":\"add\",\"arguments\":\"{\\\"a\\\":1}\"}}]},"
                + "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"2\"}]}");
    String prompt =
        "system: s;user: 1+1;assistant: [{\"type\": \"function\", \"id\": \"c\", \"function\": "
            + "{\"name\": \"add\", \"arguments\": {\"a\": 1}}}];tool: 2;>";
    assertThat(answer.path("usage").path("prompt_tokens").asInt()).isEqualTo(prompt.length());
  }

  private JsonNode complete(String body) throws Exception {
    return ok(server.post("/v1/completions", body));
  }

  private JsonNode chat(String body) throws Exception {
    return ok(server.post(CHAT, body));
  }

  private static JsonNode ok(HttpResponse<String> response) throws Exception {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private static JsonNode json(String text) throws Exception {
    return JSON.readTree(text);
  }
}
