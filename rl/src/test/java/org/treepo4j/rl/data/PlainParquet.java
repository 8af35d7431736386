package org.treepo4j.rl.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.Util;

/** Writes small Parquet files of required columns, a value for each row, without compression. */
final class PlainParquet {
  private final ByteArrayOutputStream file = new ByteArrayOutputStream();
  private final List<SchemaElement> schema = new ArrayList<>();
  private final List<ColumnChunk> chunks = new ArrayList<>();
  private final int rows;
  private int columns;
  private boolean emptyGroup;
  private boolean damaged;

  PlainParquet(int rows) {
    this.rows = rows;
    file.writeBytes("PAR1".getBytes(StandardCharsets.US_ASCII));
  }

  /** A column of text. */
  PlainParquet text(String name, String... values) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String value : values) {
      byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
      bytes.writeBytes(little(Integer.BYTES).putInt(utf8.length).array());
      bytes.writeBytes(utf8);
    }
    return column(name, Type.BYTE_ARRAY, bytes.toByteArray(), element -> {});
  }

  /** A column of any type, its values as PLAIN encoding has them. */
  PlainParquet column(String name, Type type, byte[] values, Consumer<SchemaElement> annotation)
      throws IOException {
    SchemaElement element = new SchemaElement(name);
    element.setType(type);
    element.setRepetition_type(FieldRepetitionType.REQUIRED);
    annotation.accept(element);
    schema.add(element);
    columns++;
    chunk(List.of(name), type, rows, values);
    return this;
  }

  /** A map from text to text, the same in every row, with two entries; levels are written out. */
  PlainParquet map(String name, Consumer<SchemaElement> annotation) throws IOException {
    return map(name, annotation, List.of("k0", "k1"));
  }

  /** A map with two keys of one's own. */
  PlainParquet map(String name, Consumer<SchemaElement> annotation, List<String> keys)
      throws IOException {
    columns++;
    SchemaElement map = group(name, FieldRepetitionType.REQUIRED, 1);
    annotation.accept(map);
    schema.add(map);
    schema.add(group("key_value", FieldRepetitionType.REPEATED, 2));
    for (String leaf : List.of("key", "value")) {
      SchemaElement element = new SchemaElement(leaf);
      element.setType(Type.BYTE_ARRAY);
      element.setRepetition_type(FieldRepetitionType.REQUIRED);
      schema.add(element);
    }
    for (String leaf : List.of("key", "value")) {
      ByteArrayOutputStream page = new ByteArrayOutputStream();
      page.writeBytes(levels(true));
      page.writeBytes(levels(false));
      for (int i = 0; i < 2 * rows; i++) {
        String entry = leaf.equals("key") ? keys.get(i % 2) : "v" + i % 2;
        byte[] text = entry.getBytes(StandardCharsets.UTF_8);
        page.writeBytes(little(Integer.BYTES).putInt(text.length).array());
        page.writeBytes(text);
      }
      chunk(List.of(name, "key_value", leaf), Type.BYTE_ARRAY, 2 * rows, page.toByteArray());
    }
    return this;
  }

  /** Runs of one: repetition 0, 1, 0, 1, …, definition always 1. */
  private byte[] levels(boolean repetition) {
    ByteArrayOutputStream runs = new ByteArrayOutputStream();
    for (int i = 0; i < 2 * rows; i++) {
      runs.write(1 << 1);
      runs.write(repetition ? i % 2 : 1);
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(little(Integer.BYTES).putInt(runs.size()).array());
    all.writeBytes(runs.toByteArray());
    return all.toByteArray();
  }

  private static SchemaElement group(String name, FieldRepetitionType repetition, int children) {
    SchemaElement group = new SchemaElement(name);
    group.setRepetition_type(repetition);
    group.setNum_children(children);
    return group;
  }

  private void chunk(List<String> path, Type type, int values, byte[] page) throws IOException {
    long start = file.size();
    PageHeader header = new PageHeader(PageType.DATA_PAGE, page.length, page.length);
    header.setData_page_header(
        new DataPageHeader(values, Encoding.PLAIN, Encoding.RLE, Encoding.RLE));
    CRC32 crc = new CRC32();
    crc.update(page);
    header.setCrc((int) crc.getValue() ^ (damaged ? 1 : 0));
    Util.writePageHeader(header, file);
    file.writeBytes(page);
    ColumnMetaData meta =
        new ColumnMetaData(
            type,
            List.of(Encoding.PLAIN),
            path,
            CompressionCodec.UNCOMPRESSED,
            values,
            file.size() - start,
            file.size() - start,
            start);
    ColumnChunk chunk = new ColumnChunk(start);
    chunk.setMeta_data(meta);
    chunks.add(chunk);
  }

  /** The last column as a file says it whose compression is not supported. */
  PlainParquet withUnknownCompression() {
    chunks.get(chunks.size() - 1).getMeta_data().setCodec(CompressionCodec.LZO);
    return this;
  }

  /** As Arrow writes a table without rows: with a row group that has none. */
  PlainParquet withEmptyRowGroup() {
    emptyGroup = true;
    return this;
  }

  /** Columns from here on have checksums, of other bytes. */
  PlainParquet withWrongChecksums() {
    damaged = true;
    return this;
  }

  Path write(Path path) throws IOException {
    SchemaElement root = new SchemaElement("schema");
    root.setNum_children(columns);
    List<SchemaElement> all = new ArrayList<>(List.of(root));
    all.addAll(schema);
    List<RowGroup> groups =
        rows == 0 && !emptyGroup ? List.of() : List.of(new RowGroup(chunks, file.size(), rows));
    int before = file.size();
    Util.writeFileMetaData(new FileMetaData(1, all, rows, groups), file);
    file.writeBytes(little(Integer.BYTES).putInt(file.size() - before).array());
    file.writeBytes("PAR1".getBytes(StandardCharsets.US_ASCII));
    return Files.write(path, file.toByteArray());
  }

  /** A buffer in the byte order of the format. */
  static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
