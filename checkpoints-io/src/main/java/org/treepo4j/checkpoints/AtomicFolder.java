package org.treepo4j.checkpoints;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.treepo4j.base.files.DurableFiles;

/** A folder written aside, synced and renamed, so that nobody ever sees half of it. */
final class AtomicFolder {
  private AtomicFolder() {}

  /**
   * Writes a folder; when anything fails, what was written so far is removed again.
   *
   * @param target where it shall be; must not exist, or be an empty folder
   * @throws CheckpointException when the target holds something already, or writing fails
   */
  public static void write(Path target, FolderContent content) throws CheckpointException {
    Path aside = DurableFiles.aside(target.toAbsolutePath());
    boolean done = false;
    try {
      requireFree(target);
      DurableFiles.createDirectories(aside.getParent());
      DurableFiles.deleteTree(aside);
      Files.createDirectory(aside);
      content.writeTo(aside);
      DurableFiles.syncTree(aside);
      DurableFiles.rename(aside, target);
      done = true;
    } catch (IOException e) {
      throw CheckpointException.of(target, "cannot be written", e);
    } finally {
      if (!done) {
        removeQuietly(aside);
      }
    }
  }

  private static void requireFree(Path target) throws IOException {
    if (Files.isDirectory(target)) {
      try (var entries = Files.list(target)) {
        if (entries.findAny().isPresent()) {
          throw new CheckpointException(target, "exists already and is not empty");
        }
      }
    } else if (Files.exists(target)) {
      throw new CheckpointException(target, "exists already");
    }
  }

  private static void removeQuietly(Path aside) {
    try {
      DurableFiles.deleteTree(aside);
    } catch (IOException e) {
      // The failure to write is on its way to the caller; the next write clears what is left.
    }
  }
}
