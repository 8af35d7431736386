package org.treepo4j.base.settings;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.treepo4j.base.files.InputFile;
import org.treepo4j.base.files.Utf8Lines;
import org.treepo4j.base.json.StrictJson;

/**
 * Reads settings records from a YAML file with overrides. Keys are the names of record components;
 * a key left out keeps the value of the record's {@code defaults()}.
 *
 * <p>Relative paths in the file are relative to the file, those of overrides to the working folder.
 */
public final class SettingsReader {
  private static final Pattern FOUND =
      Pattern.compile("^ *(found|could not|expected) [^\\n]*", Pattern.MULTILINE);

  private static final Pattern OCTAL = Pattern.compile("[-+]?0[0-7_]+");

  private static final int MAX_FILE_BYTES = 1 << 20;
  private static final YAMLFactory YAML_FACTORY = new YAMLFactory();
  private static final ObjectMapper YAML =
      new ObjectMapper(YAML_FACTORY)
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
    return new RecordBinder(source, "--set ", folder, overridden).bind(tree, type);
  }

  private static ObjectNode parse(Path file) {
    try {
      Optional<String> problem = InputFile.notAFile(file);
      if (problem.isPresent()) {
        throw new SettingsException(file + ": " + problem.get());
      }
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new SettingsException(file + ": larger than 1 MiB, not a settings file");
      }
      String text = text(file);
      refuseMisread(file + ": ", text);
      JsonNode tree = YAML.readTree(text);
      if (tree == null || tree.isMissingNode() || tree.isNull()) {
        return YAML.createObjectNode();
      }
      if (tree instanceof ObjectNode object) {
        return object;
      }
      throw new SettingsException(file + ": expected settings as key: value lines");
    } catch (JsonProcessingException e) {
      Optional<String> noNumber = NotANumber.problem("", e);
      throw new SettingsException(
          file + ": " + noNumber.map(said -> line(e) + said).orElse(problem(e)));
    } catch (IOException e) {
      throw new SettingsException(file + ": cannot be read (" + e.getMessage() + ")");
    }
  }

  private static String text(Path file) throws IOException {
    try {
      return StrictJson.withoutMark(Files.readString(file));
    } catch (CharacterCodingException e) {
      Optional<String> problem = InputFile.problem(file, "settings");
      throw new SettingsException(
          problem.isPresent()
              ? file + ": " + problem.get()
              : file + ": line " + Utf8Lines.firstBroken(file) + ": expected UTF-8 text");
    }
  }

  /**
   * Refuses what would be read as something else without a word: {@code *name}, which the library
   * takes for text, and 010, which is 8 in YAML.
   */
  private static void refuseMisread(String source, String text) {
    try (YAMLParser parser = YAML_FACTORY.createParser(text)) {
      while (parser.nextToken() != null) {
        if (parser.isCurrentAlias() || parser.getObjectId() != null) {
          throw new SettingsException(
              "%sline %d: anchors and references (&name, *name) are not supported: write the value out"
                  .formatted(source, parser.currentTokenLocation().getLineNr()));
        }
        if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT
            && OCTAL.matcher(parser.getText()).matches()) {
          throw new SettingsException(
              "%sline %d: %s is an octal number in YAML: write it without the leading zero"
                  .formatted(source, parser.currentTokenLocation().getLineNr(), parser.getText()));
        }
      }
    } catch (IOException e) {
      // Reading the values tells what is wrong.
    }
  }

  /** What the YAML library says, with its line, and without its names. */
  private static String problem(JsonProcessingException e) {
    String said = oneLine(String.valueOf(e.getOriginalMessage()));
    String where = line(e);
    if (said.contains("TRAILING_TOKENS") || said.contains("railing token")) {
      return where + "a second document begins; expected one";
    }
    if (said.contains("field name (Scalar value in YAML)")) {
      return where + "expected the name of a setting";
    }
    String beginning = StrictJson.problem(e);
    if (!beginning.startsWith("while ")) {
      return where + beginning;
    }
    Matcher found = FOUND.matcher(e.getOriginalMessage()); // "while scanning a scalar" is no help
    return where + beginning + (found.find() ? ", " + found.group().strip() : "");
  }

  private static String line(JsonProcessingException e) {
    return e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ": ";
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
      refuseMisread("--set " + override + ": ", text);
      JsonNode value = YAML.readTree(text);
      put(
          tree,
          key,
          value == null || value.isMissingNode() ? YAML.getNodeFactory().textNode("") : value,
          "--set " + override + ": ");
    } catch (JsonProcessingException e) {
      throw new SettingsException(
          NotANumber.problem("--set " + key, e)
              .orElse(
                  "--set %s: not YAML: %s; text with such characters stands in quotes: %s='%s'"
                      .formatted(override, problem(e), key, text.replace("'", "''"))));
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
