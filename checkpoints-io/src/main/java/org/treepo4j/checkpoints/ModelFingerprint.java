package org.treepo4j.checkpoints;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.treepo4j.base.files.Fingerprint;

/**
 * What a model holds, apart from where it is and how its weights are cut into files: equal for a
 * copy, another for another model. Every byte counts; nothing is held in memory. Of a GGUF file,
 * which holds all in one, each of the three is that of the whole file.
 *
 * @param config SHA-256 of {@code config.json} and {@code generation_config.json}
 * @param weights SHA-256 of all weight tensors: names, types, shapes and values
 * @param tokenizer SHA-256 of the tokenizer's files, the chat templates among them
 */
public record ModelFingerprint(String config, String weights, String tokenizer) {

  /**
   * Reads a Hugging Face folder or a GGUF file.
   *
   * @throws CheckpointException when it is none, or cannot be read
   */
  public static ModelFingerprint of(Path model) throws CheckpointException {
    try {
      if (ModelSource.isFile(model)) {
        String whole = Fingerprint.of(model);
        return new ModelFingerprint(whole, whole, whole);
      }
      try (HfFolder opened = HfFolder.open(model)) {
        Fingerprint weights = new Fingerprint();
        opened.addTo(weights);
        return new ModelFingerprint(config(model), weights.hex(), tokenizer(model));
      }
    } catch (IOException e) {
      throw CheckpointException.of(model, "cannot be read", e);
    }
  }

  /** The fingerprint of the tokenizer alone, of a folder that need not hold a model. */
  public static String tokenizer(Path folder) throws IOException {
    return files(folder, HfExport.tokenizerFiles(folder));
  }

  private static String config(Path folder) throws IOException {
    return files(folder, List.of(HfConfigReader.CONFIG, HfConfigReader.GENERATION_CONFIG));
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
