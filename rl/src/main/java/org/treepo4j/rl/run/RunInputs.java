package org.treepo4j.rl.run;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.treepo4j.base.files.Fingerprint;
import org.treepo4j.base.files.WholeFile;
import org.treepo4j.base.json.StrictJson;
import org.treepo4j.base.settings.SettingsComparison;
import org.treepo4j.checkpoints.ModelFingerprint;
import org.treepo4j.checkpoints.ModelSource;

/**
 * What a run reads, by contents: it goes on with the same data, weights and tokenizer wherever they
 * are, and not with others that have taken their places.
 *
 * @param fingerprints SHA-256 by the setting that names the file or folder
 */
record RunInputs(Map<String, String> fingerprints) {
  static final String FILE = "inputs.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * The setting that names a folder for its tokenizer alone: what model is there besides, perhaps
   * of a family that is not known here, has no part in the run.
   */
  private static final String TOKENIZER = "tokenizer";

  RunInputs {
    fingerprints = Map.copyOf(fingerprints);
  }

  /** Reads all files and folders that settings name and that do not change within a run. */
  static RunInputs of(Record settings) throws IOException {
    Map<String, String> fingerprints = new LinkedHashMap<>();
    for (Map.Entry<String, Path> input : SettingsComparison.paths(settings).entrySet()) {
      String key = input.getKey();
      Path path = input.getValue();
      if (Files.isRegularFile(path)) {
        fingerprints.put(key, Fingerprint.of(path));
      } else if (!key.equals(TOKENIZER)
          && Files.isDirectory(path)
          && ModelSource.hasWeights(path)) {
        ModelFingerprint model = ModelFingerprint.of(path);
        fingerprints.put(key + " (configuration)", model.config());
        fingerprints.put(key + " (weights)", model.weights());
        fingerprints.put(key + " (tokenizer)", model.tokenizer());
      } else if (Files.isDirectory(path)) {
        fingerprints.put(key, ModelFingerprint.tokenizer(path));
      }
    }
    return new RunInputs(fingerprints);
  }

  /** What a run's folder says it began with. */
  static RunInputs read(Path file) throws IOException {
    try {
      return new RunInputs(
          JSON.convertValue(
              StrictJson.parse(Files.readString(file)),
              new TypeReference<Map<String, String>>() {}));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": expected the run's inputs with their fingerprints");
    }
  }

  void write(Path file) throws IOException {
    WholeFile.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(sorted()));
  }

  private Map<String, String> sorted() {
    return new java.util.TreeMap<>(fingerprints);
  }

  /** The inputs that are others now, named by their settings. */
  List<String> changed(RunInputs now) {
    TreeSet<String> keys = new TreeSet<>(fingerprints.keySet());
    keys.addAll(now.fingerprints.keySet());
    List<String> changed = new ArrayList<>();
    for (String key : keys) {
      String before = fingerprints.get(key);
      if (before == null || !before.equals(now.fingerprints.get(key))) {
        changed.add(key);
      }
    }
    return changed;
  }
}
