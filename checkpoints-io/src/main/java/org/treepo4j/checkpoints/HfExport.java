package org.treepo4j.checkpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.treepo4j.base.files.WholeFile;
import org.treepo4j.base.files.WholeFolder;

/**
 * Writes a model folder that any reader of Hugging Face folders accepts: {@code config.json},
 * {@code generation_config.json}, the weights in one file or in shards with their index, and the
 * tokenizer's files byte for byte as they were.
 */
public final class HfExport {
  /** What a model folder holds of its tokenizer. */
  static final List<String> CARRIED =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "tokenizer.model",
          "chat_template.jinja",
          "chat_template.json");

  /** The folder of named chat templates. */
  static final String TEMPLATES = "additional_chat_templates";

  private HfExport() {}

  /** The tokenizer's files that a folder has, relative to it, in a fixed order. */
  static List<String> tokenizerFiles(Path folder) throws IOException {
    List<String> names = new ArrayList<>();
    for (String name : CARRIED) {
      if (Files.isRegularFile(folder.resolve(name))) {
        names.add(name);
      }
    }
    Path templates = folder.resolve(TEMPLATES);
    if (Files.isDirectory(templates)) {
      try (Stream<Path> files = Files.list(templates)) {
        files
            .filter(file -> Files.isRegularFile(file) && file.toString().endsWith(".jinja"))
            .map(file -> TEMPLATES + "/" + file.getFileName())
            .sorted()
            .forEach(names::add);
      }
    }
    return names;
  }

  /**
   * Writes a new folder, which appears under its name when all of it is on disk.
   *
   * @param folder must not exist, or be empty
   * @param shapes names of all weight tensors with their dimensions, in the order of the files
   * @param values gives the elements of each
   * @throws CheckpointException when something cannot be written or read
   */
  public static void write(
      Path folder,
      ModelConfig config,
      Map<String, int[]> shapes,
      TensorValues values,
      ExportOptions options)
      throws CheckpointException {
    try {
      WholeFolder.write(folder, aside -> writeInto(aside, config, shapes, values, options));
    } catch (IOException e) {
      throw CheckpointException.of(folder, "cannot be written", e);
    }
  }

  /**
   * As {@link #write(Path, ModelConfig, Map, TensorValues, ExportOptions)}, with more files.
   *
   * @param more writes them, after all others
   */
  public static void write(
      Path folder,
      ModelConfig config,
      Map<String, int[]> shapes,
      TensorValues values,
      ExportOptions options,
      WholeFolder.Content more)
      throws CheckpointException {
    try {
      WholeFolder.write(
          folder,
          aside -> {
            writeInto(aside, config, shapes, values, options);
            more.writeTo(aside);
          });
    } catch (IOException e) {
      throw CheckpointException.of(folder, "cannot be written", e);
    }
  }

  /** As {@link #write}, into a folder that exists and becomes visible by other means. */
  public static void writeInto(
      Path folder,
      ModelConfig config,
      Map<String, int[]> shapes,
      TensorValues values,
      ExportOptions options)
      throws IOException {
    Path configFile = folder.resolve(HfConfigReader.CONFIG);
    ObjectNode json = HfConfigWriter.config(configFile, config, options.dtype());
    WholeFile.write(configFile, HfConfigWriter.bytes(json));
    writeGenerationConfig(folder, config, options);
    if (options.carryFrom().isPresent()) {
      for (String name : tokenizerFiles(options.carryFrom().get())) {
        Files.createDirectories(folder.resolve(name).getParent());
        carry(options.carryFrom().get().resolve(name), folder.resolve(name));
      }
    }
    List<List<TensorSpec>> shards = shards(shapes, options);
    ObjectNode index = HfConfigWriter.JSON.createObjectNode();
    ObjectNode metadata = index.putObject("metadata");
    ObjectNode weightMap = index.putObject(HfFolder.WEIGHT_MAP);
    long totalBytes = 0;
    for (int i = 0; i < shards.size(); i++) {
      String name =
          shards.size() == 1
              ? HfFolder.WEIGHTS
              : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
      writeShard(folder.resolve(name), shards.get(i), values);
      for (TensorSpec tensor : shards.get(i)) {
        weightMap.put(tensor.name(), name);
        totalBytes += tensor.bytes();
      }
    }
    if (shards.size() > 1) {
      metadata.put("total_size", totalBytes);
      WholeFile.write(folder.resolve(HfFolder.INDEX), HfConfigWriter.bytes(index));
    }
  }

  private static void writeGenerationConfig(Path folder, ModelConfig config, ExportOptions options)
      throws IOException {
    Path target = folder.resolve(HfConfigReader.GENERATION_CONFIG);
    boolean carried =
        options.carryFrom().isPresent()
            && carry(options.carryFrom().get().resolve(HfConfigReader.GENERATION_CONFIG), target);
    if (!carried) {
      WholeFile.write(target, HfConfigWriter.bytes(HfConfigWriter.generationConfig(config)));
    }
  }

  private static boolean carry(Path from, Path to) throws IOException {
    boolean there = Files.isRegularFile(from);
    if (there) {
      try {
        WholeFile.write(to, Files.readAllBytes(from));
      } catch (IOException e) {
        throw CheckpointException.of(from, "cannot be carried over", e);
      }
    }
    return there;
  }

  private static List<List<TensorSpec>> shards(Map<String, int[]> shapes, ExportOptions options) {
    List<List<TensorSpec>> shards = new ArrayList<>();
    List<TensorSpec> shard = new ArrayList<>();
    long bytes = 0;
    for (Map.Entry<String, int[]> entry : shapes.entrySet()) {
      TensorSpec tensor = TensorSpec.of(entry.getKey(), options.dtype(), entry.getValue());
      if (!shard.isEmpty() && bytes + tensor.bytes() > options.maxShardBytes()) {
        shards.add(shard);
        shard = new ArrayList<>();
        bytes = 0;
      }
      shard.add(tensor);
      bytes += tensor.bytes();
    }
    shards.add(shard);
    return shards;
  }

  private static void writeShard(Path file, List<TensorSpec> tensors, TensorValues values)
      throws IOException {
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(file, tensors, Map.of("format", "pt"))) {
      for (TensorSpec tensor : tensors) {
        writer.writeFloats(tensor.name(), values.of(tensor.name()));
      }
      writer.finish();
    }
  }
}
