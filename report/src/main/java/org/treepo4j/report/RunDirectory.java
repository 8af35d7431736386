package org.treepo4j.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.treepo4j.base.json.StrictJson;

/**
 * The directory that training writes: {@code metrics.jsonl}, {@code trees/step-000012.jsonl},
 * {@code settings.yaml}, {@code summary.json}; each may be missing while the run is young.
 */
final class RunDirectory {
  private static final Pattern TREE_FILE = Pattern.compile("step-(\\d{1,15})\\.jsonl");
  private static final long LARGEST_SMALL_FILE = 4 << 20;

  private final Path folder;

  private RunDirectory(Path folder) {
    this.folder = folder;
  }

  /**
   * A run that has something to show.
   *
   * @throws ReportException if there is neither a metrics file nor a tree file
   */
  static RunDirectory open(Path folder) throws IOException {
    RunDirectory run = openYoung(folder);
    if (!Files.isRegularFile(run.metricsFile()) && run.treeFiles().isEmpty()) {
      throw new ReportException(
          folder + " is not a run directory: it has neither metrics.jsonl nor trees/step-….jsonl");
    }
    return run;
  }

  /** A run that may not have written anything yet. */
  static RunDirectory openYoung(Path folder) throws ReportException {
    if (!Files.isDirectory(folder)) {
      throw new ReportException("no run directory at " + folder);
    }
    return new RunDirectory(folder);
  }

  String name() {
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return name == null ? folder.toString() : name.toString();
  }

  /**
   * Everything the page shows of this run.
   *
   * @param treeBytes how many bytes of the page its trees may fill
   */
  ObjectNode toJson(long treeBytes, Notices notices) throws IOException {
    ObjectNode run = JsonNodeFactory.instance.objectNode();
    run.put("name", name());
    Metrics metrics =
        Files.isRegularFile(metricsFile())
            ? Metrics.read(JsonLines.index(metricsFile()), notices)
            : new Metrics();
    run.set("metrics", metrics.toJson(notices));
    run.set("settings", settings(notices));
    run.set("summary", summary(notices));
    TreeMap<Long, JsonLines> files = new TreeMap<>();
    for (var file : treeFiles().entrySet()) {
      files.put(file.getKey(), JsonLines.index(file.getValue()));
    }
    run.set("steps", new TreeSampling(files, treeBytes, notices).choose());
    return run;
  }

  /** Changes whenever a file of the run does, also where the clock was set back meanwhile. */
  String fingerprint() throws IOException {
    StringBuilder seen = new StringBuilder();
    List<Path> files = new java.util.ArrayList<>(treeFiles().values());
    files.addAll(
        List.of(metricsFile(), folder.resolve("settings.yaml"), folder.resolve("summary.json")));
    for (Path file : files) {
      if (Files.isRegularFile(file)) {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
        seen.append(file.getFileName())
            .append(found.size())
            .append('@')
            .append(found.lastModifiedTime().toMillis())
            .append('@')
            .append(found.fileKey()) // files are replaced as a whole
            .append(';');
      }
    }
    return Integer.toHexString(seen.toString().hashCode()) + "-" + files.size();
  }

  private Path metricsFile() {
    return folder.resolve("metrics.jsonl");
  }

  /** {@code settings.yaml} as dotted keys and texts; empty where it is not there. */
  JsonNode settings() throws IOException {
    return settings(new Notices());
  }

  /** The recorded trees' files by step. */
  TreeMap<Long, Path> treeFiles() throws IOException {
    TreeMap<Long, Path> files = new TreeMap<>();
    Path trees = folder.resolve("trees");
    if (Files.isDirectory(trees)) {
      try (Stream<Path> entries = Files.list(trees)) {
        for (Path file : entries.toList()) {
          Matcher name = TREE_FILE.matcher(file.getFileName().toString());
          if (name.matches() && Files.isRegularFile(file)) {
            files.put(Long.parseLong(name.group(1)), file);
          }
        }
      }
    }
    return files;
  }

  /** {@code settings.yaml} as dotted keys and texts. */
  private ObjectNode settings(Notices notices) throws IOException {
    ObjectNode flat = JsonNodeFactory.instance.objectNode();
    Path file = folder.resolve("settings.yaml");
    if (isSmallFile(file, notices)) {
      try {
        JsonNode root = new YAMLMapper().readTree(Files.readString(file));
        if (root != null && root.isObject()) {
          flatten("", root, flat);
        }
      } catch (JsonProcessingException e) {
        notices.add("settings.yaml could not be read: " + firstLine(e));
      } catch (java.nio.charset.CharacterCodingException e) {
        notices.add("settings.yaml could not be read: not UTF-8");
      }
    }
    return flat;
  }

  private static void flatten(String prefix, JsonNode node, ObjectNode flat) {
    if (node.isObject() && !node.isEmpty()) {
      node.properties()
          .forEach(
              field ->
                  flatten(
                      prefix.isEmpty() ? field.getKey() : prefix + "." + field.getKey(),
                      field.getValue(),
                      flat));
    } else {
      flat.put(prefix, node.isTextual() ? node.asText() : node.toString());
    }
  }

  private JsonNode summary(Notices notices) throws IOException {
    Path file = folder.resolve("summary.json");
    if (isSmallFile(file, notices)) {
      try {
        JsonNode summary = JsonLines.MAPPER.readTree(Files.readAllBytes(file));
        if (summary.isObject()) {
          return summary;
        }
        notices.add("summary.json could not be read: expected a JSON object");
      } catch (JsonProcessingException e) {
        notices.add("summary.json could not be read: " + firstLine(e));
      }
    }
    return JsonNodeFactory.instance.objectNode();
  }

  private static boolean isSmallFile(Path file, Notices notices) throws IOException {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    if (Files.size(file) > LARGEST_SMALL_FILE) {
      notices.add(file.getFileName() + " is larger than " + LARGEST_SMALL_FILE + " bytes");
      return false;
    }
    return true;
  }

  private static String firstLine(JsonProcessingException e) {
    return StrictJson.problem(e);
  }
}
