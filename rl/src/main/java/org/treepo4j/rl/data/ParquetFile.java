package org.treepo4j.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Util;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;

/**
 * A Parquet file (format specification 2.x) by rows. Column decoding and record assembly are Apache
 * Parquet's own; this class reads the footer and hands out the pages, which needs no Hadoop.
 */
final class ParquetFile implements AutoCloseable {
  private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
  private static final String CUT_OFF = "Parquet file without a footer, probably cut off";
  private static final int TAIL = 8;
  private static final int MAX_FOOTER = 64 << 20;

  /** Takes a row. */
  interface RowConsumer {
    void accept(JsonNode row) throws DataException;
  }

  private final Path file;
  private final FileChannel channel;
  private final FileMetaData footer;

  private ParquetFile(Path file, FileChannel channel, FileMetaData footer) {
    this.file = file;
    this.channel = channel;
    this.footer = footer;
  }

  /** Whether a file begins as Parquet files do. */
  static boolean isParquet(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return channel.size() >= MAGIC.length && isMagic(read(file, channel, 0, MAGIC.length));
    }
  }

  static ParquetFile open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file);
    try {
      long size = channel.size();
      if (size < MAGIC.length + TAIL) {
        throw new DataException(file, CUT_OFF);
      }
      byte[] tail = read(file, channel, size - TAIL, TAIL);
      int length = ByteBuffer.wrap(tail).order(ByteOrder.LITTLE_ENDIAN).getInt();
      boolean ends = isMagic(java.util.Arrays.copyOfRange(tail, 4, TAIL));
      if (!ends || length <= 0 || length > Math.min(MAX_FOOTER, size - TAIL)) {
        throw new DataException(file, CUT_OFF);
      }
      byte[] bytes = read(file, channel, size - TAIL - length, length);
      return new ParquetFile(file, channel, Util.readFileMetaData(new ByteArrayInputStream(bytes)));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw broken(file, e);
    }
  }

  void forEachRow(RowConsumer consumer) throws IOException {
    try {
      MessageType all = ParquetSchema.of(footer.getSchema());
      ArrowDurations durations = ArrowDurations.of(footer);
      for (RowGroup rowGroup : footer.getRow_groups()) {
        if (rowGroup.getNum_rows() == 0) {
          continue; // has no pages either
        }
        ParquetPages pages = new ParquetPages(file, channel, rowGroup, all);
        MessageType schema = pages.readable(all);
        RecordReader<Group> records =
            new ColumnIOFactory(footer.getCreated_by())
                .getColumnIO(schema)
                .getRecordReader(pages, new GroupRecordConverter(schema));
        for (long i = 0; i < rowGroup.getNum_rows(); i++) {
          ObjectNode row = ParquetRecords.object(records.read(), schema);
          durations.spellOut(row);
          pages.unreadable().forEach(row::putPOJO); // no value of JSON, and named as such
          consumer.accept(row);
        }
      }
    } catch (IOException | RuntimeException e) {
      throw broken(file, e);
    }
  }

  static byte[] read(Path file, FileChannel channel, long offset, int length) throws IOException {
    if (offset < 0 || length < 0 || offset + length > channel.size()) {
      throw new DataException(file, "Parquet file points outside itself");
    }
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining() && channel.read(buffer, offset + buffer.position()) >= 0) {
      continue;
    }
    return buffer.array();
  }

  private static boolean isMagic(byte[] bytes) {
    return java.util.Arrays.equals(bytes, MAGIC);
  }

  private static IOException broken(Path file, Exception cause) {
    if (cause instanceof DataException known) {
      return known;
    }
    String why = cause.getClass() == IOException.class ? ": " + cause.getMessage() : "";
    return new DataException(file, "not a readable Parquet file, its content is broken" + why);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
