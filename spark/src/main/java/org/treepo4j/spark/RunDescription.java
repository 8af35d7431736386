package org.treepo4j.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.base.settings.SettingsWriter;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
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
 * @param referenceFiles configuration of the frozen policy of KL terms; null without one
 * @param reference its weights, those of {@code base} where it is the model itself
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
    Map<String, byte[]> referenceFiles,
    Tensors reference,
    Reward reward,
    BranchingPolicy branching,
    String engine,
    WorkerFacts driver,
    long neededBytes)
    implements Serializable {

  /**
   * @param engine the driver has chosen
   * @param threads of an executor
   */
  static RunDescription of(
      String id, Cluster.Run run, ModelConfig config, String engine, int threads)
      throws IOException {
    TrainSettings settings = run.settings();
    TrainSettings decided = Settings.of(settings).set("threads", threads).build();
    Tensors base = settings.lora().enabled() ? weights(settings.model()) : null;
    Map<String, byte[]> files = files(settings.model(), config);
    Map<String, byte[]> referenceFiles = null;
    Tensors reference = null;
    if (settings.loss().needsReference()) {
      Path model = settings.referenceModel();
      boolean itself = model.equals(settings.model());
      referenceFiles = itself ? files : files(model, ModelSource.readConfig(model));
      reference = itself && base != null ? base : weights(model);
    }
    return new RunDescription(
        id,
        SettingsWriter.yaml(decided),
        files,
        base,
        referenceFiles,
        reference,
        run.reward().orElse(null),
        run.branching().orElse(null),
        engine,
        WorkerFacts.ofThisJvm(),
        run.workerBytes());
  }

  private static Tensors weights(Path model) throws IOException {
    try (ModelSource source = ModelSource.open(model)) {
      return Tensors.values(WeightsLoader.load(source).parameters());
    }
  }

  /** What a checkpoint would carry beside weights. */
  private static Map<String, byte[]> files(Path model, ModelConfig config) throws IOException {
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
        String name = file.getFileName().toString();
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
      Files.write(folder.resolve(file.getKey()), file.getValue());
    }
    return folder;
  }

  static void delete(Path folder) throws IOException {
    for (Path file : listed(folder)) {
      Files.deleteIfExists(file);
    }
    Files.deleteIfExists(folder);
  }

  private static List<Path> listed(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.toList();
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
