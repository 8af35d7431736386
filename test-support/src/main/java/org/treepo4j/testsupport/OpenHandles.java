package org.treepo4j.testsupport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Files this process holds open, as Linux lists them (proc(5)). */
public final class OpenHandles {
  private OpenHandles() {}

  /** Number of open files, sockets and pipes; 0 where the system does not tell. */
  public static long all() throws IOException {
    Path handles = Path.of("/proc/self/fd");
    if (!Files.isDirectory(handles)) {
      return 0;
    }
    try (Stream<Path> links = Files.list(handles)) {
      return links.count();
    }
  }

  /** Number of open files below a folder; 0 where the system does not tell. */
  public static long below(Path folder) throws IOException {
    Path handles = Path.of("/proc/self/fd");
    if (!Files.isDirectory(handles)) {
      return 0;
    }
    long below = 0;
    try (Stream<Path> links = Files.list(handles)) {
      for (Path link : links.toList()) {
        if (Files.isSymbolicLink(link)
            && Files.readSymbolicLink(link).startsWith(folder.toRealPath())) {
          below++;
        }
      }
    }
    return below;
  }
}
