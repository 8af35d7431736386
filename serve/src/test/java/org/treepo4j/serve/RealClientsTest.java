package org.treepo4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What Java programs use against OpenAI's own server works against ours. */
class RealClientsTest {
  private static final String CALL =
      "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 2}}</tool_call>";

  private TestServer server;
  private OpenAIClient openAi;

  @AfterEach
  void close() {
    openAi.close();
    server.close();
  }

  private void open(String answer) throws Exception {
    server = TestServer.of(() -> FakeLm.saying(answer));
    openAi = OpenAIOkHttpClient.builder().baseUrl(server.url()).apiKey("any").maxRetries(0).build();
  }

  @Test
  void openAiChats() throws Exception {
    open("good day");
    ChatCompletion completion =
        openAi.chat().completions().create(chat().n(2).logprobs(true).topLogprobs(3).build());
    assertThat(completion.choices()).hasSize(2);
    assertThat(completion.choices().get(1).message().content()).hasValue("good day");
    assertThat(completion.choices().get(1).finishReason())
        .isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
    assertThat(completion.choices().get(0).logprobs().orElseThrow().content().orElseThrow())
        .hasSize(8)
        .allSatisfy(token -> assertThat(token.topLogprobs()).hasSize(3));
    assertThat(completion.usage().orElseThrow().completionTokens()).isEqualTo(18);
    completion.validate();
  }

  @Test
  void openAiStreams() throws Exception {
    open("good day");
    ChatCompletionAccumulator all = ChatCompletionAccumulator.create();
    ChatCompletionCreateParams request =
        chat()
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
            .build();
    try (StreamResponse<ChatCompletionChunk> chunks =
        openAi.chat().completions().createStreaming(request)) {
      chunks.stream().forEach(chunk -> all.accumulate(chunk.validate()));
    }
    ChatCompletion completion = all.chatCompletion();
    assertThat(completion.choices().get(0).message().content()).hasValue("good day");
    assertThat(completion.usage().orElseThrow().completionTokens()).isEqualTo(9);
  }

  @Test
  void openAiCallsTools() throws Exception {
    open(CALL);
    FunctionDefinition add =
        FunctionDefinition.builder()
            .name("add")
            .parameters(
                FunctionParameters.builder()
                    .putAdditionalProperty("type", JsonValue.from("object"))
                    .putAdditionalProperty(
                        "properties", JsonValue.from(Map.of("a", Map.of("type", "integer"))))
                    .build())
            .build();
    ChatCompletionCreateParams request = chat().addFunctionTool(add).build();
    ChatCompletion.Choice choice = openAi.chat().completions().create(request).choices().get(0);
    assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
    ChatCompletionAccumulator all = ChatCompletionAccumulator.create();
    try (StreamResponse<ChatCompletionChunk> chunks =
        openAi.chat().completions().createStreaming(request)) {
      chunks.stream().forEach(all::accumulate);
    }
    for (ChatCompletion.Choice each : List.of(choice, all.chatCompletion().choices().get(0))) {
      assertThat(
              each.message().toolCalls().orElseThrow().get(0).asFunction().function().arguments())
          .isEqualTo("{\"a\":1,\"b\":2}");
    }
  }

  @Test
  void openAiCompletesAndListsModels() throws Exception {
    open("good day");
    Completion completion =
        openAi
            .completions()
            .create(
                CompletionCreateParams.builder()
                    .model(TestServer.MODEL)
                    .prompt("go>")
                    .maxTokens(4)
                    .stop("d")
                    .logprobs(2)
                    .seed(1)
                    .build());
    assertThat(completion.validate().choices().get(0).text()).isEqualTo("goo");
    assertThat(openAi.models().list().data().get(0).validate().id()).isEqualTo(TestServer.MODEL);
  }

  @Test
  void openAiNamesTheFieldThatIsRefused() throws Exception {
    open("good day");
    assertThatThrownBy(() -> openAi.chat().completions().create(chat().temperature(3).build()))
        .isInstanceOfSatisfying(
            BadRequestException.class, e -> assertThat(e.param()).hasValue("temperature"));
  }

  @Test
  void langChainChats() throws Exception {
    open("good day");
    ChatResponse response =
        langChain().chat(ChatRequest.builder().messages(UserMessage.from("hi")).build());
    assertThat(response.aiMessage().text()).isEqualTo("good day");
    assertThat(response.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(9);
  }

  @Test
  void langChainCallsTools() throws Exception {
    open(CALL);
    ChatResponse response = langChain().chat(withTool());
    ToolExecutionRequest call = response.aiMessage().toolExecutionRequests().get(0);
    assertThat(call.name()).isEqualTo("add");
    assertThat(call.arguments()).isEqualTo("{\"a\":1,\"b\":2}");
    assertThat(stream(withTool()).aiMessage().toolExecutionRequests().get(0).arguments())
        .isEqualTo("{\"a\":1,\"b\":2}");
  }

  @Test
  void langChainStreams() throws Exception {
    open("good day");
    ChatResponse response = stream(ChatRequest.builder().messages(UserMessage.from("hi")).build());
    assertThat(response.aiMessage().text()).isEqualTo("good day");
    assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(9);
  }

  private static ChatCompletionCreateParams.Builder chat() {
    return ChatCompletionCreateParams.builder()
        .model(TestServer.MODEL)
        .addSystemMessage("be kind")
        .addUserMessage("hi")
        .maxCompletionTokens(200)
        .topP(0.9)
        .logitBias(
            ChatCompletionCreateParams.LogitBias.builder()
                .putAdditionalProperty("1", JsonValue.from(-5))
                .build());
  }

  private OpenAiChatModel langChain() {
    return OpenAiChatModel.builder()
        .baseUrl(server.url())
        .apiKey("any")
        .modelName(TestServer.MODEL)
        .temperature(0.5)
        .maxRetries(0)
        .build();
  }

  private static ChatRequest withTool() {
    return ChatRequest.builder()
        .messages(UserMessage.from("1+2"))
        .toolSpecifications(
            ToolSpecification.builder()
                .name("add")
                .description("adds")
                .parameters(JsonObjectSchema.builder().addIntegerProperty("a").build())
                .build())
        .build();
  }

  private ChatResponse stream(ChatRequest request) throws Exception {
    OpenAiStreamingChatModel model =
        OpenAiStreamingChatModel.builder()
            .baseUrl(server.url())
            .apiKey("any")
            .modelName(TestServer.MODEL)
            .build();
    CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
    StringBuilder pieces = new StringBuilder();
    model.chat(
        request,
        new StreamingChatResponseHandler() {
          @Override
          public void onPartialResponse(String partial) {
            pieces.append(partial);
          }

          @Override
          public void onCompleteResponse(ChatResponse complete) {
            whole.complete(complete);
          }

          @Override
          public void onError(Throwable error) {
            whole.completeExceptionally(error);
          }
        });
    ChatResponse response = whole.get(30, TimeUnit.SECONDS);
    String text = response.aiMessage().text();
    assertThat(pieces).hasToString(text == null ? "" : text);
    return response;
  }
}
