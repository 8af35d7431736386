package org.treepo4j.rollout;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import org.treepo4j.base.files.WholeFile;

/**
 * Writes tree JSONL, one tree at a time. A file is replaced as a whole by {@link #commit}; closed
 * without, it stays as it was.
 */
public final class TreeJsonlWriter implements AutoCloseable {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);

  private final OutputStream out;
  private final WholeFile file;

  /** Writes to a stream, which {@link #commit} flushes and {@link #close} leaves open. */
  public TreeJsonlWriter(OutputStream out) {
    this(out, null);
  }

  private TreeJsonlWriter(OutputStream out, WholeFile file) {
    this.out = new BufferedOutputStream(out, 1 << 16);
    this.file = file;
  }

  /** Writes a file; its folder is made if need be. */
  public static TreeJsonlWriter create(Path path) throws IOException {
    WholeFile file = WholeFile.create(path);
    return new TreeJsonlWriter(file.output(), file);
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
    if (file != null) {
      file.commit();
    }
  }

  @Override
  public void close() throws IOException {
    if (file != null) {
      file.close();
    }
  }
}
