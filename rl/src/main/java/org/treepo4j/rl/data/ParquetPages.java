package org.treepo4j.rl.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.zip.CRC32;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Util;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/** The pages of one row group, decompressed, by column. */
final class ParquetPages implements PageReadStore {
  private static final int MAX_CHUNK = 1 << 30;

  private final long rows;
  private final Map<ColumnDescriptor, Column> columns = new HashMap<>();
  private final Map<String, String> unreadable = new HashMap<>();

  ParquetPages(Path file, FileChannel channel, RowGroup rowGroup, MessageType schema) {
    this.rows = rowGroup.getNum_rows();
    for (Type field : schema.getFields()) {
      unreadable.put(field.getName(), "it is encrypted, or in no row group");
    }
    Map<String, String> broken = new HashMap<>();
    for (ColumnChunk chunk : rowGroup.getColumns()) {
      ColumnMetaData meta = chunk.getMeta_data();
      if (meta == null) {
        continue;
      }
      String[] path = meta.getPath_in_schema().toArray(String[]::new);
      unreadable.remove(path[0]);
      try {
        ColumnDescriptor descriptor = schema.getColumnDescription(path);
        columns.put(descriptor, new Column(descriptor, meta, chunk(file, channel, chunk)));
      } catch (IOException e) {
        broken.put(path[0], e.getMessage());
      } catch (RuntimeException e) {
        broken.put(path[0], "its pages are broken");
      }
    }
    for (Type field : schema.getFields()) {
      if (isTwice(field, schema) || hasTwice(field)) {
        broken.put(field.getName(), "the schema has it, or a field of it, twice");
      }
    }
    unreadable.putAll(broken);
  }

  private static boolean hasTwice(Type type) {
    return !type.isPrimitive()
        && type.asGroupType().getFields().stream()
            .anyMatch(field -> isTwice(field, type.asGroupType()) || hasTwice(field));
  }

  private static boolean isTwice(Type field, GroupType group) {
    return group.getFields().stream().filter(f -> f.getName().equals(field.getName())).count() > 1;
  }

  private static ByteArrayInputStream chunk(Path file, FileChannel channel, ColumnChunk chunk)
      throws IOException {
    if (chunk.isSetFile_path()) {
      throw new IOException("it is in another file");
    }
    ColumnMetaData meta = chunk.getMeta_data();
    long start = meta.getData_page_offset();
    if (meta.isSetDictionary_page_offset() && meta.getDictionary_page_offset() > 0) {
      start = Math.min(start, meta.getDictionary_page_offset());
    }
    if (meta.getTotal_compressed_size() > MAX_CHUNK) {
      throw new IOException("its chunk is above 1 GiB");
    }
    return new ByteArrayInputStream(
        ParquetFile.read(file, channel, start, (int) meta.getTotal_compressed_size()));
  }

  /** Fields of rows that have a column which cannot be read, and why; nobody may need them. */
  Map<String, String> unreadable() {
    return unreadable;
  }

  /** The schema without the fields that cannot be read. */
  MessageType readable(MessageType schema) {
    return new MessageType(
        schema.getName(),
        schema.getFields().stream().filter(f -> !unreadable.containsKey(f.getName())).toList());
  }

  @Override
  public PageReader getPageReader(ColumnDescriptor descriptor) {
    Column column = columns.get(descriptor);
    if (column == null) {
      throw new IllegalArgumentException("no column " + String.join(".", descriptor.getPath()));
    }
    return column;
  }

  @Override
  public long getRowCount() {
    return rows;
  }

  /** One column's pages in the order of the file. */
  private static final class Column implements PageReader {
    private final ColumnDescriptor descriptor;
    private final ParquetCodec codec;
    private final long values;
    private final Queue<DataPage> pages = new ArrayDeque<>();
    private DictionaryPage dictionary;

    Column(ColumnDescriptor descriptor, ColumnMetaData meta, ByteArrayInputStream chunk)
        throws IOException {
      this.descriptor = descriptor;
      this.codec = ParquetCodec.of(meta.getCodec());
      this.values = meta.getNum_values();
      long read = 0;
      while (read < values && chunk.available() > 0) {
        PageHeader header = Util.readPageHeader(chunk);
        byte[] body = chunk.readNBytes(header.getCompressed_page_size());
        if (body.length != header.getCompressed_page_size()) {
          throw new IOException("page is cut off");
        }
        if (header.isSetCrc() && header.getCrc() != checksum(body)) {
          throw new IOException("the checksum of a page does not fit, the file is damaged");
        }
        read += add(header, body);
      }
    }

    private static int checksum(byte[] body) {
      CRC32 crc = new CRC32();
      crc.update(body);
      return (int) crc.getValue();
    }

    private int add(PageHeader header, byte[] body) throws IOException {
      int size = header.getUncompressed_page_size();
      switch (header.getType()) {
        case DICTIONARY_PAGE -> {
          byte[] bytes = codec.decompress(body, 0, body.length, size);
          dictionary =
              new DictionaryPage(
                  BytesInput.from(bytes),
                  header.getDictionary_page_header().getNum_values(),
                  encoding(header.getDictionary_page_header().getEncoding()));
          return 0;
        }
        case DATA_PAGE -> {
          DataPageHeader page = header.getData_page_header();
          pages.add(
              new DataPageV1(
                  BytesInput.from(codec.decompress(body, 0, body.length, size)),
                  page.getNum_values(),
                  size,
                  statistics(),
                  encoding(page.getRepetition_level_encoding()),
                  encoding(page.getDefinition_level_encoding()),
                  encoding(page.getEncoding())));
          return page.getNum_values();
        }
        case DATA_PAGE_V2 -> {
          DataPageHeaderV2 page = header.getData_page_header_v2();
          pages.add(pageV2(page, body, size));
          return page.getNum_values();
        }
        default -> {
          return 0;
        }
      }
    }

    /** The levels come first and are never compressed. */
    private DataPage pageV2(DataPageHeaderV2 page, byte[] body, int size) throws IOException {
      int repetition = page.getRepetition_levels_byte_length();
      int levels = repetition + page.getDefinition_levels_byte_length();
      if (repetition < 0 || levels < repetition || levels > body.length || levels > size) {
        throw new IOException("levels are longer than their page");
      }
      byte[] data =
          page.isIs_compressed()
              ? codec.decompress(body, levels, body.length - levels, size - levels)
              : Arrays.copyOfRange(body, levels, body.length);
      return DataPageV2.uncompressed(
          page.getNum_rows(),
          page.getNum_nulls(),
          page.getNum_values(),
          BytesInput.from(Arrays.copyOfRange(body, 0, repetition)),
          BytesInput.from(Arrays.copyOfRange(body, repetition, levels)),
          encoding(page.getEncoding()),
          BytesInput.from(data),
          statistics());
    }

    private Statistics<?> statistics() {
      return Statistics.createStats(descriptor.getPrimitiveType());
    }

    private static Encoding encoding(org.apache.parquet.format.Encoding encoding) {
      return Encoding.valueOf(encoding.name());
    }

    @Override
    public DictionaryPage readDictionaryPage() {
      return dictionary;
    }

    @Override
    public long getTotalValueCount() {
      return values;
    }

    @Override
    public DataPage readPage() {
      return pages.poll();
    }
  }
}
