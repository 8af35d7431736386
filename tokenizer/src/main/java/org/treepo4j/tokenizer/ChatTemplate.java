package org.treepo4j.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.treepo4j.base.files.InputFile;
import org.treepo4j.tokenizer.jinja.JinjaException;
import org.treepo4j.tokenizer.jinja.JinjaTemplate;
import org.treepo4j.tokenizer.jinja.RenderLimits;

/**
 * A model's own chat template, rendered as the transformers library's {@code apply_chat_template}
 * does. Safe for many threads.
 */
public final class ChatTemplate {
  static final String DEFAULT = "default";
  private static final String JINJA = "chat_template.jinja";
  private static final String TOOL_USE = "tool_use";
  private static final String ADDITIONAL = "additional_chat_templates";
  private static final String NAMED = ".jinja";

  private final Path file;

  /** Templates by name; most models have only the default. */
  private final Map<String, JinjaTemplate> templates;

  private final Map<String, Object> specialTokens;
  private final RenderLimits limits;
  private final Clock clock;

  private ChatTemplate(
      Path file,
      Map<String, JinjaTemplate> templates,
      Map<String, Object> specialTokens,
      RenderLimits limits,
      Clock clock) {
    this.file = file;
    this.templates = templates;
    this.specialTokens = specialTokens;
    this.limits = limits;
    this.clock = clock;
  }

  /**
   * The template of a model folder: {@code chat_template.jinja} with the named ones of {@code
   * additional_chat_templates}, else {@code chat_template} in {@code tokenizer_config.json} (one,
   * or a list of named ones); empty where there is neither.
   *
   * @throws TokenizerException when a file is broken or the template cannot be read
   */
  public static Optional<ChatTemplate> load(Path folder) throws IOException {
    Optional<String> notAFolder = InputFile.notAFolder(folder);
    if (notAFolder.isPresent()) {
      throw new TokenizerException(folder, notAFolder.get());
    }
    TokenizerConfig config = TokenizerConfig.read(folder);
    Path file = file(folder, config);
    Map<String, JinjaTemplate> templates = new LinkedHashMap<>();
    for (Map.Entry<String, String> source : sources(folder, config).entrySet()) {
      templates.put(source.getKey(), parse(file, source.getValue()));
    }
    if (templates.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new ChatTemplate(
            file,
            templates,
            config.templateVariables(),
            RenderLimits.DEFAULT,
            Clock.systemDefaultZone()));
  }

  /** The same template where the time, for which some ask, is always this one. */
  public ChatTemplate at(LocalDateTime time) {
    Clock fixed = Clock.fixed(time.toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
    return new ChatTemplate(file, templates, specialTokens, limits, fixed);
  }

  /** The sources of a folder's templates by name. */
  static Map<String, String> sources(Path folder, TokenizerConfig config) throws IOException {
    Map<String, String> sources = new LinkedHashMap<>();
    if (Files.exists(folder.resolve(JINJA))) {
      sources.put(DEFAULT, JsonFiles.readText(folder.resolve(JINJA)));
    }
    for (Path more : additional(folder.resolve(ADDITIONAL))) {
      String name = more.getFileName().toString();
      sources.put(name.substring(0, name.length() - NAMED.length()), JsonFiles.readText(more));
    }
    if (!sources.isEmpty()) {
      return sources;
    }
    if (config.config().child("chat_template").node().isArray()) {
      for (Section each : config.config().children("chat_template")) {
        if (sources.put(each.text("name"), each.text("template")) != null) {
          throw each.problem("a second template named " + each.text("name"));
        }
      }
    } else if (config.config().has("chat_template")) {
      sources.put(DEFAULT, config.config().text("chat_template"));
    }
    return sources;
  }

  /** The named templates that transformers writes beside the default one since version 4.51. */
  private static List<Path> additional(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(NAMED)).sorted().toList();
    }
  }

  private static Path file(Path folder, TokenizerConfig config) {
    Path jinja = folder.resolve(JINJA);
    return Files.exists(jinja) ? jinja : config.config().file();
  }

  /**
   * The template of a file that carries one along.
   *
   * @param file named in errors
   * @param specialTokens what the template knows by names such as {@code bos_token}
   * @throws TokenizerException when the template cannot be read
   */
  static ChatTemplate of(Path file, String source, Map<String, Object> specialTokens)
      throws TokenizerException {
    return new ChatTemplate(
        file,
        Map.of(DEFAULT, parse(file, source)),
        specialTokens,
        RenderLimits.DEFAULT,
        Clock.systemDefaultZone());
  }

  /**
   * The prompt for a request such as {@code {"messages":[…],"add_generation_prompt":true}}. {@code
   * tools}, {@code documents} and all other fields reach the template under their names.
   *
   * @throws TokenizerException when the request has no messages, or the template refuses it
   */
  public String render(JsonNode request) throws TokenizerException {
    JsonNode messages = request.path("messages");
    if (!messages.isArray()) {
      throw new TokenizerException(file, "the request has no list \"messages\"");
    }
    Map<String, Object> variables = new LinkedHashMap<>();
    variables.put("tools", null);
    variables.put("documents", null);
    variables.put("add_generation_prompt", false);
    variables.putAll(specialTokens);
    request
        .fields()
        .forEachRemaining(
            field ->
                variables.put(
                    field.getKey(), JsonFiles.MAPPER.convertValue(field.getValue(), Object.class)));
    try {
      return template(variables.get("tools") != null).render(variables, limits, clock);
    } catch (JinjaException e) {
      throw new TokenizerException(file, "chat template: " + e.getMessage(), e);
    }
  }

  /** The prompt for messages alone. */
  public String render(JsonNode messages, boolean addGenerationPrompt) throws TokenizerException {
    ObjectNode request = JsonFiles.MAPPER.createObjectNode();
    request.set("messages", messages);
    request.put("add_generation_prompt", addGenerationPrompt);
    return render(request);
  }

  private JinjaTemplate template(boolean withTools) throws TokenizerException {
    JinjaTemplate named = withTools ? templates.get(TOOL_USE) : null;
    JinjaTemplate template = named != null ? named : templates.get(DEFAULT);
    if (template == null) {
      throw new TokenizerException(
          file, "has no chat template named default, only " + templates.keySet());
    }
    return template;
  }

  private static JinjaTemplate parse(Path file, String source) throws TokenizerException {
    try {
      return JinjaTemplate.parse(source);
    } catch (JinjaException e) {
      throw new TokenizerException(file, "chat template: " + e.getMessage(), e);
    }
  }
}
