package org.treepo4j.base.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder written aside, synced and renamed, so that nobody ever sees half of it. */
public final class WholeFolder {
  private WholeFolder() {}

  /** Writes the files of a folder. */
  @FunctionalInterface
  public interface Content {

    /**
     * Writes the files.
     *
     * @param folder an empty folder of another name, which is renamed when this returns
     */
    void writeTo(Path folder) throws IOException;
  }

  /**
   * Writes a folder; when anything fails, what was written so far is removed again.
   *
   * @param target where it shall be; must not exist, or be an empty folder or a link to one
   * @throws IOException when the target holds something already, or writing fails
   */
  public static void write(Path target, Content content) throws IOException {
    Place place = Place.of(target);
    place.requireFree();
    DurableFiles.createDirectories(place.path().getParent());
    Path aside = place.prepare();
    boolean done = false;
    try {
      Files.createDirectory(aside);
      content.writeTo(aside);
      DurableFiles.syncTree(aside);
      DurableFiles.rename(aside, place.path());
      done = true;
    } finally {
      if (!done) {
        removeQuietly(aside);
      }
      Place.prepared(aside);
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
