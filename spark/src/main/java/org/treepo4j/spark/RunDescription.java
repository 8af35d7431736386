package org.treepo4j.spark;

import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.treepo4j.base.files.DurableFiles;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.base.settings.SettingsWriter;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.rl.cluster.Cluster;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.reward.Reward;
import org.treepo4j.rl.train.TrainSettings;
import org.treepo4j.rollout.BranchingPolicy;

/**
 * Everything of a run that does not change, as executors get it once: they need no folder of the
 * driver's machine.
 *
 * @param id names the run among all that an executor may see
 * @param yaml the settings, with the number of threads decided
 * @param files configuration and tokenizer of the model by file name
 * @param base weights of the model that adapters are added to; null without adapters
 * @param reference the frozen policy of KL terms; null without one
 * @param reward in the place of the settings' reward, or null
 * @param branching in the place of the settings' policy, or null
 * @param engine that computes
 * @param driver what executors are held against
 * @param neededBytes heap that the run takes on an executor
 */
record RunDescription(
    String id,
    String yaml,
    Map<String, byte[]> files,
    Tensors base,
    Frozen reference,
    Reward reward,
    BranchingPolicy branching,
    String engine,
    WorkerFacts driver,
    long neededBytes)
    implements Serializable {

  /**
   * A model that is not trained.
   *
   * @param files its configuration, as its weights have it, by file name
   */
  record Frozen(Map<String, byte[]> files, Tensors weights) implements Serializable {

    static Frozen of(Path model) throws IOException {
      Weights loaded = RunDescription.weights(model);
      return new Frozen(
          RunDescription.files(model, loaded.config()), Tensors.values(loaded.parameters()));
    }
  }

  /**
   * @param engine the driver has chosen
   * @param threads of an executor
   */
  static RunDescription of(
      String id, Cluster.Run run, ModelConfig config, String engine, int threads)
      throws IOException {
    TrainSettings settings = run.settings();
    TrainSettings decided =
        Settings.of(settings)
            .set("threads", threads)
            .set("reward.program", fromAnywhere(settings.reward().program()))
            .build();
    Tensors base =
        settings.lora().enabled() ? Tensors.values(weights(settings.model()).parameters()) : null;
    Map<String, byte[]> files = files(settings.model(), config);
    Frozen reference = null;
    if (settings.loss().needsReference()) {
      Path model = settings.referenceModel();
      reference =
          base != null && model.equals(settings.model())
              ? new Frozen(files, base)
              : Frozen.of(model);
    }
    return new RunDescription(
        id,
        SettingsWriter.yaml(decided),
        files,
        base,
        reference,
        run.reward().orElse(null),
        run.branching().orElse(null),
        engine,
        WorkerFacts.ofThisJvm(),
        run.workerBytes());
  }

  /**
   * A command whose relative paths start at the folder of this process: executors stand elsewhere.
   */
  static List<String> fromAnywhere(List<String> command) {
    List<String> words = new ArrayList<>();
    for (String word : command) {
      boolean onThePath = words.isEmpty() && !word.contains(File.separator);
      words.add(!onThePath && isFile(word) ? Path.of(word).toAbsolutePath().toString() : word);
    }
    return words;
  }

  private static boolean isFile(String word) {
    try {
      return Files.isRegularFile(Path.of(word));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static Weights weights(Path model) throws IOException {
    try (ModelSource source = ModelSource.open(model)) {
      return WeightsLoader.load(source);
    }
  }

  /** What a checkpoint would carry beside weights, by path inside it. */
  static Map<String, byte[]> files(Path model, ModelConfig config) throws IOException {
    Path folder = Files.createTempDirectory("treepo-model");
    try {
      HfExport.writeInto(
          folder,
          config,
          Map.of(),
          name -> new float[0],
          ExportOptions.of(DType.F32, Optional.of(model)));
      ModelTokenizer.writeConverted(model, folder);
      Map<String, byte[]> files = new TreeMap<>();
      for (Path file : listed(folder)) {
        String name = folder.relativize(file).toString().replace('\\', '/');
        if (!name.endsWith(".safetensors")) {
          files.put(name, Files.readAllBytes(file));
        }
      }
      return files;
    } finally {
      delete(folder);
    }
  }

  /** Writes files into a new folder of this machine; {@link #delete} removes it. */
  static Path folder(Map<String, byte[]> files) throws IOException {
    Path folder = Files.createTempDirectory("treepo-model");
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path written = folder.resolve(file.getKey());
      Files.createDirectories(written.getParent());
      Files.write(written, file.getValue());
    }
    return folder;
  }

  static void delete(Path folder) throws IOException {
    DurableFiles.deleteTree(folder);
  }

  private static List<Path> listed(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  TrainSettings settings() throws IOException {
    Path file = Files.createTempFile("treepo-settings", ".yaml");
    try {
      Files.writeString(file, yaml);
      return SettingsReader.read(TrainSettings.class, file, List.of());
    } finally {
      Files.delete(file);
    }
  }
}
