package org.treepo4j.checkpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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
    Optional<OtherParts> parts =
        options.partsFrom().isPresent()
            ? OtherParts.open(options.partsFrom().get(), config)
            : Optional.empty();
    try (OtherParts opened = parts.orElse(null)) {
      writeInto(folder, config, shapes, values, options, opened);
    }
  }

  /**
   * @param parts to write along, or null
   */
  private static void writeInto(
      Path folder,
      ModelConfig config,
      Map<String, int[]> shapes,
      TensorValues values,
      ExportOptions options,
      OtherParts parts)
      throws IOException {
    Path configFile = folder.resolve(HfConfigReader.CONFIG);
    ObjectNode json =
        parts == null
            ? HfConfigWriter.config(configFile, config, options.dtype())
            : parts.config(config, options.dtype());
    WholeFile.write(configFile, HfConfigWriter.bytes(json));
    writeGenerationConfig(folder, config, options);
    if (options.carryFrom().isPresent()) {
      for (String name : tokenizerFiles(options.carryFrom().get())) {
        Files.createDirectories(folder.resolve(name).getParent());
        carry(options.carryFrom().get().resolve(name), folder.resolve(name));
      }
    }
    if (parts != null) {
      for (String name : OtherParts.FILES) {
        carry(parts.path().resolve(name), folder.resolve(name));
      }
    }
    List<Stored> tensors = new ArrayList<>();
    for (Map.Entry<String, int[]> entry : shapes.entrySet()) {
      String name = entry.getKey();
      TensorSpec spec =
          TensorSpec.of(
              parts == null ? name : parts.storedName(name), options.dtype(), entry.getValue());
      tensors.add(new Stored(spec, writer -> writer.writeFloats(spec.name(), values.of(name))));
    }
    if (parts != null) {
      for (TensorSpec spec : parts.tensors()) {
        tensors.add(new Stored(spec, writer -> parts.copy(spec.name(), writer)));
      }
    }
    write(folder, shards(tensors, options.maxShardBytes()));
  }

  /** A tensor and how it is written. */
  private record Stored(TensorSpec spec, Writing writing) {}

  private interface Writing {
    void to(SafetensorsWriter writer) throws IOException;
  }

  private static void write(Path folder, List<List<Stored>> shards) throws IOException {
    ObjectNode index = HfConfigWriter.JSON.createObjectNode();
    ObjectNode metadata = index.putObject("metadata");
    ObjectNode weightMap = index.putObject(HfFolder.WEIGHT_MAP);
    long totalBytes = 0;
    for (int i = 0; i < shards.size(); i++) {
      String name =
          shards.size() == 1
              ? HfFolder.WEIGHTS
              : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
      writeShard(folder.resolve(name), shards.get(i));
      for (Stored tensor : shards.get(i)) {
        weightMap.put(tensor.spec().name(), name);
        totalBytes += tensor.spec().bytes();
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

  private static List<List<Stored>> shards(List<Stored> tensors, long maxBytes) {
    List<List<Stored>> shards = new ArrayList<>();
    List<Stored> shard = new ArrayList<>();
    long bytes = 0;
    for (Stored tensor : tensors) {
      if (!shard.isEmpty() && bytes + tensor.spec().bytes() > maxBytes) {
        shards.add(shard);
        shard = new ArrayList<>();
        bytes = 0;
      }
      shard.add(tensor);
      bytes += tensor.spec().bytes();
    }
    shards.add(shard);
    return shards;
  }

  private static void writeShard(Path file, List<Stored> tensors) throws IOException {
    List<TensorSpec> specs = tensors.stream().map(Stored::spec).toList();
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of("format", "pt"))) {
      for (Stored tensor : tensors) {
        tensor.writing().to(writer);
      }
      writer.finish();
    }
  }
}
