package org.treepo4j.rollout;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writes tree JSONL, one tree at a time. A file is written beside its place and moved there by
 * {@link #commit}; closed without, it leaves the old file as it was.
 */
public final class TreeJsonlWriter implements AutoCloseable {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);

  private final OutputStream out;
  private final FileChannel channel;
  private final Path aside;
  private final Path file;

  /** Writes to a stream, which {@link #commit} flushes and {@link #close} leaves open. */
  public TreeJsonlWriter(OutputStream out) {
    this(out, null, null, null);
  }

  private TreeJsonlWriter(OutputStream out, FileChannel channel, Path aside, Path file) {
    this.out = new BufferedOutputStream(out, 1 << 16);
    this.channel = channel;
    this.aside = aside;
    this.file = file;
  }

  /** Writes a file; its folder is made if need be. */
  public static TreeJsonlWriter create(Path file) throws IOException {
    Path absolute = file.toAbsolutePath();
    Files.createDirectories(absolute.getParent());
    if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
      // A device or a pipe cannot be replaced.
      FileChannel channel = FileChannel.open(absolute, StandardOpenOption.WRITE);
      return new TreeJsonlWriter(Channels.newOutputStream(channel), channel, null, null);
    }
    Path aside =
        absolute.resolveSibling(
            "." + absolute.getFileName() + "." + ProcessHandle.current().pid() + ".partial");
    FileChannel channel =
        FileChannel.open(
            aside,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
    return new TreeJsonlWriter(Channels.newOutputStream(channel), channel, aside, absolute);
  }

  public void write(RolloutTree tree) throws IOException {
    write(TreeLine.of(tree));
  }

  public void write(TreeLine line) throws IOException {
    MAPPER.writeValue(out, line.json());
    out.write('\n');
  }

  /** Makes what was written the file; nothing can be written afterwards. */
  public void commit() throws IOException {
    out.flush();
    if (aside != null) {
      channel.force(true);
      channel.close();
      Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
    }
    if (aside != null) {
      Files.deleteIfExists(aside);
    }
  }
}
