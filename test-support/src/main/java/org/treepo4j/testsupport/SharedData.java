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
