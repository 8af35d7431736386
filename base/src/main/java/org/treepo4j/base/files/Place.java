package org.treepo4j.base.files;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a file or folder is written, links followed.
 *
 * @param path what the last link leads to, absolute; it need not exist
 * @param special whether it is a device, a pipe or an open stream, which is never replaced
 */
record Place(Path path, boolean special) {
  private static final int MOST_LINKS = 40;

  /** Open files of a process by number: links that lead to no name one could write to. */
  private static final Pattern STREAM =
      Pattern.compile("/dev/(stdin|stdout|stderr|fd/[0-9]+)|/proc/(self|[0-9]+)/fd/[0-9]+");

  private static final Pattern OUT = Pattern.compile("/dev/stdout|/dev/fd/1|/proc/self/fd/1");
  private static final Pattern ERR = Pattern.compile("/dev/stderr|/dev/fd/2|/proc/self/fd/2");

  private static final AtomicLong COUNT = new AtomicLong();

  /** What this process is preparing: others with its number are left over from an earlier one. */
  private static final Set<Path> PREPARING = ConcurrentHashMap.newKeySet();

  /** Follows the links of a path that is to become a file. */
  static Place ofFile(Path file) throws IOException {
    Place place = of(file);
    if (Files.isDirectory(place.path)) {
      throw new FileSystemException(file.toString(), null, "is a folder");
    }
    return place;
  }

  /** Follows the links of a path. */
  static Place of(Path path) throws IOException {
    Path at = path.toAbsolutePath();
    for (int links = 0; links < MOST_LINKS; links++) {
      if (isStream(at)) {
        return new Place(at, true);
      }
      if (!Files.isSymbolicLink(at)) {
        boolean special = Files.exists(at) && !Files.isRegularFile(at) && !Files.isDirectory(at);
        return new Place(at, special);
      }
      at = at.resolveSibling(Files.readSymbolicLink(at));
    }
    throw new FileSystemException(path.toString(), null, "symbolic links lead in a circle");
  }

  private static boolean isStream(Path path) {
    return STREAM.matcher(path.normalize().toString()).matches();
  }

  /**
   * A stream to the end of a device, a pipe or an open file. Our own streams are shared, not opened
   * again, since a file behind them has one position for all who write.
   */
  OutputStream openSpecial() throws IOException {
    String name = path.normalize().toString();
    if (OUT.matcher(name).matches()) {
      return new Shared(FileDescriptor.out);
    }
    if (ERR.matcher(name).matches()) {
      return new Shared(FileDescriptor.err);
    }
    return Files.newOutputStream(path, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }

  /** A stream that the process goes on to use. */
  private static final class Shared extends FileOutputStream {
    Shared(FileDescriptor descriptor) {
      super(descriptor);
    }

    @Override
    public void close() {
      // Not ours to close.
    }
  }

  /**
   * A name beside the place under which nobody else prepares it, until {@link #prepared}; what
   * killed processes left under such names is removed.
   */
  Path prepare() {
    deleteLeftovers();
    Path aside =
        path.resolveSibling(
            "."
                + path.getFileName()
                + "."
                + process()
                + "-"
                + COUNT.incrementAndGet()
                + DurableFiles.WRITING);
    PREPARING.add(aside);
    return aside;
  }

  /** Ends what {@link #prepare} began. */
  static void prepared(Path aside) {
    PREPARING.remove(aside);
  }

  private static long process() {
    return ProcessHandle.current().pid();
  }

  private void deleteLeftovers() {
    Pattern name =
        Pattern.compile(
            Pattern.quote("." + path.getFileName())
                + "\\.([0-9]{1,18})-[0-9]+"
                + Pattern.quote(DurableFiles.WRITING));
    try (DirectoryStream<Path> beside = Files.newDirectoryStream(path.getParent())) {
      for (Path other : beside) {
        Matcher match = name.matcher(other.getFileName().toString());
        if (match.matches() && isLeftOver(other, Long.parseLong(match.group(1)))) {
          DurableFiles.deleteTree(other);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // They take room and do no other harm; writing itself tells what is wrong with the folder.
    }
  }

  private static boolean isLeftOver(Path aside, long process) {
    return process == process() ? !PREPARING.contains(aside) : ProcessHandle.of(process).isEmpty();
  }

  /** Refuses a place that something is at already, a folder without content aside. */
  void requireFree() throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !special) {
      return;
    }
    if (!Files.isDirectory(path)) {
      throw new FileSystemException(path.toString(), null, "exists already");
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
      if (entries.iterator().hasNext()) {
        throw new FileSystemException(path.toString(), null, "exists already and is not empty");
      }
    }
  }

  /** A failure of the operating system that names the file the user knows. */
  static IOException named(Path file, IOException failure) {
    if (failure instanceof AccessDeniedException) {
      return caused(new AccessDeniedException(file.toString()), failure);
    }
    if (failure instanceof NoSuchFileException) {
      return caused(new NoSuchFileException(file.toString()), failure);
    }
    if (failure instanceof FileAlreadyExistsException || failure instanceof NotDirectoryException) {
      String folder = ((FileSystemException) failure).getFile();
      return caused(
          new FileSystemException(file.toString(), null, folder + " is no folder"), failure);
    }
    String reason =
        failure instanceof FileSystemException system && system.getReason() != null
            ? system.getReason()
            : failure.getMessage();
    return caused(new FileSystemException(file.toString(), null, reason), failure);
  }

  private static IOException caused(IOException failure, IOException cause) {
    failure.initCause(cause);
    return failure;
  }
}
