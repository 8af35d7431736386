package org.treepo4j.base.files;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file that grows by whole records, each of which is on disk when {@link #append} returns. An
 * append that fails, on a full disk for example, leaves nothing behind; one that a kill cuts off
 * may leave a torn record at the end, which readers drop and {@link #truncate} removes.
 *
 * <p>A file that is no longer where it was opened is told with the next append: what follows would
 * be lost. Devices, pipes and {@code /dev/stdout} are written to as they are.
 */
public final class AppendedFile implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;

  /** Where the channel writes. */
  private final Path written;

  /** For what is no regular file, in place of the channel. */
  private final OutputStream special;

  private AppendedFile(Path file, FileChannel channel, Path written, OutputStream special) {
    this.file = file;
    this.channel = channel;
    this.written = written;
    this.special = special;
  }

  /** Opens a file to go on at its end; it and its folder are made if need be. */
  public static AppendedFile open(Path file) throws IOException {
    Place place = Place.ofFile(file);
    try {
      if (place.special()) {
        return new AppendedFile(file, null, null, place.openSpecial());
      }
      DurableFiles.createDirectories(place.path().getParent());
      FileChannel channel =
          FileChannel.open(place.path(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      channel.position(channel.size());
      DurableFiles.syncDirectory(place.path().getParent());
      return new AppendedFile(file, channel, place.path(), null);
    } catch (IOException e) {
      throw Place.named(file, e);
    }
  }

  /** Adds lines in UTF-8, each with its line feed. */
  public void append(String lines) throws IOException {
    append(lines.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds a record and waits until it is on disk. */
  public void append(byte[] record) throws IOException {
    try {
      if (channel == null) {
        special.write(record);
        special.flush();
      } else {
        appendToChannel(record);
      }
    } catch (IOException e) {
      throw Place.named(file, e);
    }
  }

  private void appendToChannel(byte[] record) throws IOException {
    long before = channel.position();
    boolean done = false;
    try {
      ByteBuffer bytes = ByteBuffer.wrap(record);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(false);
      if (!Files.exists(written)) {
        throw new IOException("it was moved or deleted by another program");
      }
      done = true;
    } finally {
      if (!done) {
        channel.truncate(before);
      }
    }
  }

  /** Removes what is behind this many bytes; nothing from what is no regular file. */
  public void truncate(long bytes) throws IOException {
    if (channel != null) {
      channel.truncate(bytes);
      channel.position(channel.size());
      channel.force(true);
    }
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
    } else {
      special.close();
    }
  }
}
