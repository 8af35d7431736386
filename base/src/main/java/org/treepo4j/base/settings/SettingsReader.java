package org.treepo4j.base.settings;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads settings records from a YAML file with overrides. Keys are the names of record components;
 * a key left out keeps the value of the record's {@code defaults()}.
 *
 * <p>Relative paths in the file are relative to the file, those of overrides to the working folder.
 */
public final class SettingsReader {
  private static final int MAX_FILE_BYTES = 1 << 20;
  private static final ObjectMapper YAML =
      new ObjectMapper(new YAMLFactory())
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private SettingsReader() {}

  /**
   * @param type a settings record with a static {@code defaults()}
   * @param file the YAML file, or null for defaults and overrides alone
   * @param overrides as given to {@code --set}: {@code a.b=value}, the value in YAML
   * @throws SettingsException for an unknown key, a wrong type, a refused value or a broken file
   */
  public static <R extends Record> R read(Class<R> type, Path file, List<String> overrides) {
    ObjectNode tree = file == null ? YAML.createObjectNode() : parse(file);
    Set<String> overridden = new HashSet<>();
    for (String override : overrides) {
      overridden.add(apply(tree, override));
    }
    Path folder = file == null ? Path.of("") : file.toAbsolutePath().normalize().getParent();
    String source = file == null ? "" : file + ": ";
    return new RecordBinder(source, folder, overridden).bind(tree, type);
  }

  private static ObjectNode parse(Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new SettingsException(file + ": no such file");
      }
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new SettingsException(file + ": larger than 1 MiB, not a settings file");
      }
      JsonNode tree = YAML.readTree(file.toFile());
      if (tree == null || tree.isMissingNode() || tree.isNull()) {
        return YAML.createObjectNode();
      }
      if (tree instanceof ObjectNode object) {
        return object;
      }
      throw new SettingsException(file + ": expected settings as key: value lines");
    } catch (JsonProcessingException e) {
      String where = e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ": ";
      throw new SettingsException(
          file + ": " + where + NotANumber.problem("", e).orElse(oneLine(e.getOriginalMessage())));
    } catch (IOException e) {
      throw new SettingsException(file + ": cannot be read (" + e.getMessage() + ")");
    }
  }

  /** Puts one override into the tree and returns its dotted key. */
  private static String apply(ObjectNode tree, String override) {
    int equals = override.indexOf('=');
    if (equals <= 0) {
      throw new SettingsException("--set " + override + ": expected key=value");
    }
    String key = override.substring(0, equals).strip();
    String text = override.substring(equals + 1);
    try {
      JsonNode value = YAML.readTree(text);
      put(
          tree,
          key,
          value == null || value.isMissingNode() ? YAML.getNodeFactory().textNode("") : value,
          "--set " + override + ": ");
    } catch (JsonProcessingException e) {
      throw new SettingsException(
          NotANumber.problem(key, e)
              .orElse("--set " + override + ": " + oneLine(e.getOriginalMessage())));
    }
    return key;
  }

  /**
   * Puts a value into a tree of settings.
   *
   * @param key dotted
   * @param source stands before a message
   */
  static void put(ObjectNode tree, String key, JsonNode value, String source) {
    String[] names = key.split("\\.", -1);
    ObjectNode node = tree;
    for (int i = 0; i < names.length - 1; i++) {
      JsonNode next = node.get(names[i]);
      if (next == null || next.isNull()) {
        next = node.putObject(names[i]);
      }
      if (!(next instanceof ObjectNode)) {
        throw new SettingsException(source + names[i] + " has no settings in it");
      }
      node = (ObjectNode) next;
    }
    node.set(names[names.length - 1], value);
  }

  private static String oneLine(String message) {
    return message.replaceAll("\\s+", " ").strip();
  }
}
