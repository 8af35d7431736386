package org.treepo4j.testsupport;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * Real weights, tokenizers and reference values, which live outside the project: the folder named
 * by the system property or environment variable {@code TREEPO_DATA}, by default {@code
 * ../shared/data} beside the project.
 */
public final class SharedData {
  private static final Path FOLDER = find();

  private SharedData() {}

  /**
   * A file or folder of the shared data; skips the calling test with a message where it is absent.
   */
  public static Path require(String relative) {
    Path path = FOLDER.resolve(relative);
    Assumptions.assumeTrue(
        Files.exists(path), () -> "skipped: no shared data at " + path + " (set TREEPO_DATA)");
    return path;
  }

  /**
   * The GGUF file of SmolLM2-135M-Instruct: what the system property or environment variable {@code
   * TREEPO_SMOLLM2} names, by default where the {@code fetch} of the shared data puts it; skips the
   * calling test with a message where it has not been fetched.
   */
  public static Path requireSmolLm2() {
    String named = System.getProperty("TREEPO_SMOLLM2", System.getenv("TREEPO_SMOLLM2"));
    Path file =
        named != null
            ? Path.of(named)
            : Path.of(
                System.getProperty("user.home"),
                ".cache/treepo4j/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
    Assumptions.assumeTrue(
        Files.exists(file), () -> "skipped: no " + file + " (fetch it, or set TREEPO_SMOLLM2)");
    return file;
  }

  private static Path find() {
    String named = System.getProperty("TREEPO_DATA", System.getenv("TREEPO_DATA"));
    if (named != null) {
      return Path.of(named).toAbsolutePath();
    }
    return Path.of(System.getProperty("treepo.root", ".."), "..", "shared", "data")
        .toAbsolutePath()
        .normalize();
  }
}
