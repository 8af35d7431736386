package org.treepo4j.checkpoints;

import java.io.IOException;
import java.nio.file.Path;

/** Writes the files of a folder that shall be there as a whole or not at all. */
@FunctionalInterface
public interface FolderContent {

  /**
   * Writes the files.
   *
   * @param folder an empty folder of another name, which is renamed when this returns
   */
  void writeTo(Path folder) throws IOException;
}
