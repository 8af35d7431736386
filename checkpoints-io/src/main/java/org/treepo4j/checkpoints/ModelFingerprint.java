package org.treepo4j.checkpoints;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.treepo4j.base.files.Fingerprint;

/**
 * What a model folder holds, apart from where it is and how its weights are cut into files: equal
 * for a copy, another for another model. Every byte counts; nothing is held in memory.
 *
 * @param config SHA-256 of {@code config.json} and {@code generation_config.json}
 * @param weights SHA-256 of all weight tensors: names, types, shapes and values
 * @param tokenizer SHA-256 of the tokenizer's files, the chat template among them
 */
public record ModelFingerprint(String config, String weights, String tokenizer) {

  /**
   * Reads a Hugging Face folder.
   *
   * @throws CheckpointException when it is none, or cannot be read
   */
  public static ModelFingerprint of(Path folder) throws CheckpointException {
    try (HfFolder opened = HfFolder.open(folder)) {
      Fingerprint weights = new Fingerprint();
      opened.addTo(weights);
      return new ModelFingerprint(
          files(folder, List.of(HfConfigReader.CONFIG, HfConfigReader.GENERATION_CONFIG)),
          weights.hex(),
          files(folder, HfExport.CARRIED));
    } catch (IOException e) {
      throw CheckpointException.of(folder, "cannot be read", e);
    }
  }

  private static String files(Path folder, List<String> names) throws IOException {
    Fingerprint fingerprint = new Fingerprint();
    for (String name : names) {
      Path file = folder.resolve(name);
      if (Files.isRegularFile(file)) {
        fingerprint.file(name, file);
      }
    }
    return fingerprint.hex();
  }
}
