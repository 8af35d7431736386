package org.treepo4j.base.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.stream.Stream;

/**
 * What {@link WholeFile} and {@link WholeFolder} are made of: folders and names that stay after a
 * power cut.
 */
public final class DurableFiles {
  /** Ends the name under which a file or folder is prepared; it begins with a dot. */
  public static final String WRITING = ".writing";

  private static final boolean DIRECTORIES_SYNC =
      !System.getProperty("os.name").startsWith("Windows");

  private DurableFiles() {}

  /** Makes a folder and those above it, each of which stays after a power cut. */
  public static void createDirectories(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      Path parent = folder.toAbsolutePath().getParent();
      createDirectories(parent);
      Files.createDirectories(folder);
      syncDirectory(parent);
    }
  }

  /**
   * Refuses to go on in a folder that was there and is no longer: to make it again would leave half
   * of its files in one place and half in another.
   */
  public static void requireStillThere(Path folder) throws FileSystemException {
    if (!Files.isDirectory(folder)) {
      throw new FileSystemException(
          folder.toString(), null, "was moved or deleted by another program");
    }
  }

  /** Renames, replacing a file but never a folder with content, and waits until that is on disk. */
  public static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    syncDirectory(to.toAbsolutePath().getParent());
  }

  /** Waits until the content of every file and folder below is on disk. */
  static void syncTree(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        if (Files.isDirectory(path)) {
          syncDirectory(path);
        } else {
          try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.force(true);
          }
        }
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  static void syncDirectory(Path folder) throws IOException {
    if (DIRECTORIES_SYNC) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      } catch (AccessDeniedException e) {
        // A folder one may write to but not read cannot be synced by itself.
      }
    }
  }

  /** Deletes a file or folder with everything in it, without following links. */
  public static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
