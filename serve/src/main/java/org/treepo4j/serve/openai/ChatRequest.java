package org.treepo4j.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.treepo4j.serve.models.ServedModel;
import org.treepo4j.serve.sampling.SamplingRequest;
import org.treepo4j.tokenizer.ChatTemplate;
import org.treepo4j.tokenizer.DroppedCharacters;
import org.treepo4j.tokenizer.TokenizerException;

/** Reads {@code POST /v1/chat/completions}. */
final class ChatRequest {
  private static final int MAX_LOGPROBS = 20;
  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool");
  private static final Set<String> NAMES = new HashSet<>(SamplingFields.NAMES);

  static {
    NAMES.addAll(
        Set.of(
            "messages",
            "max_completion_tokens",
            "top_logprobs",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "chat_template_kwargs"));
  }

  private ChatRequest() {}

  static Generation read(RequestFields fields, ServedModel model) throws ApiException {
    fields.allow(NAMES);
    Optional<RequestFields> format = fields.object("response_format");
    if (format.isPresent() && !format.get().text("type").equals("text")) {
      throw ApiException.unsupported("response_format", "must be of type text");
    }
    boolean logprobs = fields.flag("logprobs");
    OptionalInt top = fields.integer("top_logprobs", 0, MAX_LOGPROBS);
    if (top.isPresent() && !logprobs) {
      throw fields.wrong("top_logprobs", "must not be given without logprobs");
    }
    SamplingFields sampling =
        SamplingFields.read(
            fields,
            model,
            maxTokens(fields),
            logprobs ? top.orElse(0) : SamplingRequest.NO_LOGPROBS);
    ArrayNode tools = tools(fields);
    ChatTemplate template =
        model
            .chatTemplate()
            .orElseThrow(
                () ->
                    fields.wrong("messages", "cannot be used, for the model has no chat template"));
    ObjectNode request = Json.object();
    Optional<RequestFields> more = fields.object("chat_template_kwargs");
    if (more.isPresent()) {
      for (String own : List.of("messages", "tools", "add_generation_prompt")) {
        if (more.get().node().has(own)) {
          throw fields.wrong("chat_template_kwargs", "must not hold " + own);
        }
      }
      request.setAll(more.get().node());
    }
    request.set("messages", messages(fields));
    request.put("add_generation_prompt", true);
    String text = render(fields, template, request);
    boolean findsToolCalls = false;
    if (!tools.isEmpty()) {
      request.set("tools", tools);
      String withTools = render(fields, template, request);
      if (withTools.equals(text)) {
        throw fields.wrong("tools", "cannot be used, for the model's chat template ignores them");
      }
      text = withTools;
      findsToolCalls = text.contains(ToolCallParser.BEGIN);
    }
    requireTokens(fields, model, request.withArray("messages"), text);
    int[] prompt = model.tokenizer().encode(text);
    if (prompt.length == 0) {
      throw fields.wrong("messages", "must give a prompt that is not empty");
    }
    List<SamplingRequest> requests = List.of(sampling.request("messages", prompt, model));
    sampling.requireRoom(requests);
    return new Generation(model, requests, sampling, AnswerShape.CHAT, findsToolCalls);
  }

  /**
   * Refuses a message with characters that would be left out of its tokens. What the template adds
   * was left out when the model was trained, too.
   */
  private static void requireTokens(
      RequestFields fields, ServedModel model, ArrayNode messages, String text)
      throws ApiException {
    DroppedCharacters dropped = model.tokenizer().dropped(text);
    if (dropped.isEmpty()) {
      return;
    }
    for (int i = 0; i < messages.size(); i++) {
      String content = messages.get(i).path("content").asText();
      DroppedCharacters own = model.tokenizer().dropped(content);
      if (own.anyOf(dropped)) {
        fields.requireTokens("messages[%d].content".formatted(i), own);
      }
    }
  }

  private static OptionalInt maxTokens(RequestFields fields) throws ApiException {
    OptionalInt old = fields.integer("max_tokens", 1, Integer.MAX_VALUE);
    OptionalInt most = fields.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
    if (old.isPresent() && most.isPresent() && old.getAsInt() != most.getAsInt()) {
      throw fields.wrong("max_tokens", "must not be other than max_completion_tokens");
    }
    return most.isPresent() ? most : old;
  }

  private static String render(RequestFields fields, ChatTemplate template, ObjectNode request)
      throws ApiException {
    try {
      return template.render(request);
    } catch (TokenizerException e) {
      String reason = e.getMessage();
      throw fields.wrong(
          "messages",
          "are refused by the model's " + reason.substring(Math.max(0, reason.indexOf("chat "))));
    }
  }

  private static ArrayNode messages(RequestFields fields) throws ApiException {
    ArrayNode messages = Json.object().putArray("messages");
    int index = 0;
    for (JsonNode each : fields.array("messages")) {
      messages.add(message(fields.object("messages[" + index++ + "]", each)));
    }
    if (messages.isEmpty()) {
      throw fields.wrong("messages", "must hold at least one message");
    }
    return messages;
  }

  private static ObjectNode message(RequestFields message) throws ApiException {
    message.allow(
        Set.of(
            "role",
            "content",
            "name",
            "tool_calls",
            "tool_call_id",
            "refusal",
            "annotations",
            "audio",
            "function_call"));
    for (String name : List.of("audio", "function_call")) {
      if (message.get(name).isPresent()) {
        throw message.wrong(name, "is not offered");
      }
    }
    String role = message.text("role");
    if (!ROLES.contains(role)) {
      throw message.wrong("role", "must be system, developer, user, assistant or tool");
    }
    ObjectNode plain = Json.object();
    plain.put("role", role.equals("developer") ? "system" : role);
    boolean calls = message.array("tool_calls").iterator().hasNext();
    if (message.get("content").isEmpty() && !(role.equals("assistant") && calls)) {
      throw message.wrong("content", "must be given");
    }
    plain.put("content", content(message));
    message.optionalText("name").ifPresent(name -> plain.put("name", name));
    message.optionalText("tool_call_id").ifPresent(id -> plain.put("tool_call_id", id));
    if (calls) {
      ArrayNode all = plain.putArray("tool_calls");
      int index = 0;
      for (JsonNode call : message.array("tool_calls")) {
        all.add(toolCall(message.object("tool_calls[" + index++ + "]", call)));
      }
    }
    return plain;
  }

  /** A text, or the texts of its parts. */
  private static String content(RequestFields message) throws ApiException {
    Optional<JsonNode> content = message.get("content");
    if (content.isEmpty() || content.get().isTextual()) {
      return content.map(JsonNode::textValue).orElse("");
    }
    StringBuilder text = new StringBuilder();
    int index = 0;
    for (JsonNode each : message.array("content")) {
      RequestFields part = message.object("content[" + index++ + "]", each);
      if (!part.text("type").equals("text")) {
        throw part.wrong("type", "must be text");
      }
      text.append(part.text("text"));
    }
    return text.toString();
  }

  /** Templates want arguments as an object, clients send them as text. */
  private static ObjectNode toolCall(RequestFields call) throws ApiException {
    RequestFields function =
        call.object("function").orElseThrow(() -> call.wrong("function", "must be given"));
    ObjectNode plain = Json.object().put("type", "function");
    call.optionalText("id").ifPresent(id -> plain.put("id", id));
    ObjectNode inner = plain.putObject("function").put("name", function.text("name"));
    JsonNode arguments = Json.readText(function.text("arguments"));
    if (arguments == null || !arguments.isObject()) {
      throw function.wrong("arguments", "must be a JSON object as text");
    }
    inner.set("arguments", arguments);
    return plain;
  }

  /** The tools the template is to write; none where the client wants none used. */
  private static ArrayNode tools(RequestFields fields) throws ApiException {
    ArrayNode tools = Json.object().putArray("tools");
    int index = 0;
    for (JsonNode each : fields.array("tools")) {
      RequestFields tool = fields.object("tools[" + index++ + "]", each);
      if (!tool.text("type").equals("function")) {
        throw tool.wrong("type", "must be function");
      }
      RequestFields function =
          tool.object("function").orElseThrow(() -> tool.wrong("function", "must be given"));
      if (function.text("name").isEmpty()) {
        throw function.wrong("name", "must not be empty");
      }
      function.object("parameters");
      tools.add(each);
    }
    Optional<JsonNode> choice = fields.get("tool_choice");
    if (choice.isPresent() && choice.get().asText().equals("none")) {
      return tools.removeAll();
    }
    if (choice.isPresent() && !choice.get().asText().equals("auto")) {
      throw ApiException.unsupported("tool_choice", "must be auto or none");
    }
    if (fields.get("parallel_tool_calls").isPresent()
        && !fields.flag("parallel_tool_calls")
        && !tools.isEmpty()) {
      throw ApiException.unsupported("parallel_tool_calls", "must be true");
    }
    return tools;
  }
}
