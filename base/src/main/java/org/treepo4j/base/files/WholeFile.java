package org.treepo4j.base.files;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file that is there as a whole, also after a power cut, or as it was before: written aside,
 * synced, renamed by {@link #commit}, and the rename synced too.
 *
 * <p>Only a regular file is ever replaced. A symbolic link stays and the file it leads to is
 * replaced. A device, a pipe or {@code /dev/stdout} is written to as it is, once the content is
 * complete.
 *
 * <pre>{@code
 * try (WholeFile file = WholeFile.create(path)) {
 *   file.output().write(…);
 *   file.commit();
 * }
 * }</pre>
 */
public final class WholeFile implements AutoCloseable {
  private final Path file;
  private final Place place;
  private final Path aside;
  private final FileChannel channel;

  private WholeFile(Path file, Place place, Path aside, FileChannel channel) {
    this.file = file;
    this.place = place;
    this.aside = aside;
    this.channel = channel;
  }

  /**
   * Begins a file; its folder is made if need be, and what killed processes left of it is removed.
   *
   * @throws IOException naming the file: it is a folder, or cannot be written
   */
  public static WholeFile create(Path file) throws IOException {
    Place place = Place.ofFile(file);
    Path aside = null;
    try {
      if (place.special()) {
        aside = Files.createTempFile("treepo", DurableFiles.WRITING);
      } else {
        DurableFiles.createDirectories(place.path().getParent());
        aside = place.prepare();
      }
      FileChannel channel =
          FileChannel.open(
              aside,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE);
      return new WholeFile(file, place, aside, channel);
    } catch (IOException e) {
      if (aside != null) {
        Place.prepared(aside);
      }
      throw Place.named(file, e);
    }
  }

  /** Writes all of a file. */
  public static void write(Path file, byte[] content) throws IOException {
    try (WholeFile whole = create(file)) {
      whole.output().write(content);
      whole.commit();
    }
  }

  /** Writes all of a file, in UTF-8. */
  public static void write(Path file, String content) throws IOException {
    write(file, content.getBytes(StandardCharsets.UTF_8));
  }

  /** Whether a path leads to a device, a pipe or an open stream, such as {@code /dev/stdout}. */
  public static boolean isSpecial(Path file) throws IOException {
    return Place.ofFile(file).special();
  }

  /**
   * Refuses a place that nothing can be written to, before what is to be written is computed.
   *
   * @throws IOException naming the file
   */
  public static void requireWritable(Path file) throws IOException {
    Place place = Place.ofFile(file);
    if (!place.special()) {
      create(file).close();
    } else if (!Files.exists(place.path())) {
      throw new NoSuchFileException(file.toString());
    } else if (!Files.isWritable(place.path())) {
      throw new AccessDeniedException(file.toString());
    }
  }

  /** Where the content goes, at any position. */
  public FileChannel channel() {
    return channel;
  }

  /** A stream to where the channel stands; not buffered. */
  public OutputStream output() {
    return new OutputStream() {
      @Override
      public void write(int one) throws IOException {
        write(new byte[] {(byte) one});
      }

      @Override
      public void write(byte[] bytes, int from, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes, from, count);
        try {
          while (buffer.hasRemaining()) {
            channel.write(buffer);
          }
        } catch (IOException e) {
          throw Place.named(file, e);
        }
      }
    };
  }

  /** Makes what was written the file; nothing can be written afterwards. */
  public void commit() throws IOException {
    try {
      if (place.special()) {
        channel.close();
        try (OutputStream out = place.openSpecial()) {
          Files.copy(aside, out);
        }
      } else {
        channel.force(true);
        channel.close();
        DurableFiles.rename(aside, place.path());
      }
    } catch (IOException e) {
      throw Place.named(file, e);
    }
  }

  /** Without {@link #commit} before, leaves the file as it was. */
  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(aside);
    Place.prepared(aside);
  }
}
