package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.testsupport.SharedData;

class ChatTemplateTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path folder;

  private ChatTemplate template(String source) throws IOException {
    Files.writeString(folder.resolve("chat_template.jinja"), source);
    return ChatTemplate.load(folder).orElseThrow();
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = ChatTemplateTest.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static JsonNode messages(String role, String content) {
    return MAPPER
        .createArrayNode()
        .add(MAPPER.createObjectNode().put("role", role).put("content", content));
  }

  @Test
  void qwenTemplatesRenderAsJinja2DidAndGiveTheSameIds() throws IOException {
    Path shared = SharedData.require("chat-templates");
    Tokenizer tokenizer = Tokenizer.load(SharedData.require("qwen2-tokenizer"));
    for (JsonNode example : MAPPER.readTree(shared.resolve("rendered_examples.json").toFile())) {
      String name = example.get("template").textValue();
      String text =
          template(Files.readString(shared.resolve(name + ".jinja")))
              .render(example.get("messages"), example.get("add_generation_prompt").booleanValue());
      assertThat(text).isEqualTo(example.get("rendered").textValue());
      if (example.has("qwen2_ids")) {
        assertThat(MAPPER.<JsonNode>valueToTree(tokenizer.encode(text)))
            .isEqualTo(example.get("qwen2_ids"));
      }
    }
  }

  /** Macros, namespaces, tools, tool calls, thoughts, parts of content: texts from Jinja2 3.1.6. */
  @Test
  void aTemplateWithEverythingRendersAsJinja2Did() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"bos_token\": \"<s>\", \"eos_token\": {\"content\": \"</s>\"}}");
    ChatTemplate template = template(resource("everything.jinja"));
    for (String line : resource("everything-cases.jsonl").split("\n")) {
      JsonNode example = MAPPER.readTree(line);
      if (example.has("text")) {
        assertThat(template.render(example.get("request")))
            .as(line)
            .isEqualTo(example.get("text").textValue());
      } else {
        assertThatThrownBy(() -> template.render(example.get("request")))
            .as(line)
            .isInstanceOf(TokenizerException.class);
      }
    }
  }

  /** Templates of well-known models' kinds; texts from Jinja2 3.1.6 set up as transformers does. */
  @Test
  void templatesOfOtherModelsRenderAsJinja2Did() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}");
    Map<String, ChatTemplate> templates = new HashMap<>();
    for (String line : resource("known-templates.jsonl").split("\n")) {
      JsonNode known = MAPPER.readTree(line);
      templates.put(known.get("name").textValue(), template(known.get("template").textValue()));
    }
    for (String line : resource("known-cases.jsonl").split("\n")) {
      JsonNode example = MAPPER.readTree(line);
      ChatTemplate template = templates.get(example.get("name").textValue());
      if (example.has("text")) {
        assertThat(template.render(example.get("request")))
            .as(line)
            .isEqualTo(example.get("text").textValue());
      } else {
        assertThatThrownBy(() -> template.render(example.get("request")))
            .as(line)
            .isInstanceOf(TokenizerException.class)
            .hasMessageContaining("chat_template.jinja");
      }
    }
  }

  @Test
  void theConfigurationHoldsTheTemplateAndTheSpecialTokens() throws IOException {
    ChatTemplate template =
        ChatTemplate.load(SharedData.require("arithmetic-sequence-hf")).orElseThrow();
    assertThat(template.render(messages("user", "8,3:9,4"), true)).isEqualTo("8,3:9,4");
    assertThatThrownBy(() -> template.render(messages("system", "x"), true))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("tokenizer_config.json")
        .hasMessageContaining("System role not supported");
  }

  @Test
  void namedTemplatesAreChosenByTheRequest() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"chat_template\": [{\"name\": \"default\", \"template\": \"plain\"},"
            + "{\"name\": \"tool_use\", \"template\": \"tools {{ tools|length }}\"}]}");
    ChatTemplate template = ChatTemplate.load(folder).orElseThrow();
    ObjectNode request = MAPPER.createObjectNode();
    request.set("messages", messages("user", "x"));
    assertThat(template.render(request)).isEqualTo("plain");
    request.putArray("tools").addObject();
    assertThat(template.render(request)).isEqualTo("tools 1");
  }

  @Test
  void twoTemplatesOfOneNameAreRefused() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"chat_template\": [{\"name\": \"default\", \"template\": \"a\"},"
            + "{\"name\": \"default\", \"template\": \"b\"}]}");
    assertThatThrownBy(() -> ChatTemplate.load(folder))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("chat_template[1]: a second template named default");
  }

  @Test
  void aFolderWithoutATemplateHasNone() throws IOException {
    assertThat(ChatTemplate.load(folder)).isEmpty();
  }

  @Test
  void whatCannotBeReadIsNamed() {
    assertThatThrownBy(() -> template("{% if %}"))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("chat_template.jinja")
        .hasMessageContaining("line 1");
    assertThatThrownBy(() -> template("x").render(MAPPER.createObjectNode()))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("messages");
  }

  @Test
  void namedTemplatesLieInAFolderOfTheirOwn() throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\":\"old\"}");
    Files.writeString(folder.resolve("chat_template.jinja"), "plain");
    Path more = Files.createDirectory(folder.resolve("additional_chat_templates"));
    Files.writeString(more.resolve("tool_use.jinja"), "tools");
    Files.writeString(more.resolve("rag.jinja"), "documents");
    ChatTemplate template = ChatTemplate.load(folder).orElseThrow();
    JsonNode plain = new ObjectMapper().readTree("{\"messages\":[]}");
    JsonNode tools = new ObjectMapper().readTree("{\"messages\":[],\"tools\":[{}]}");
    assertThat(template.render(plain)).isEqualTo("plain");
    assertThat(template.render(tools)).isEqualTo("tools");
    Files.delete(folder.resolve("chat_template.jinja"));
    assertThatThrownBy(() -> ChatTemplate.load(folder).orElseThrow().render(plain))
        .hasMessageContaining("no chat template named default, only [rag, tool_use]");
  }
}
