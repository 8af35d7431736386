package org.treepo4j.rl.data;

import io.airlift.compress.Decompressor;
import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.snappy.SnappyDecompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.format.CompressionCodec;

/** How the pages of a column are compressed. */
enum ParquetCodec {
  UNCOMPRESSED(null),
  SNAPPY(new SnappyDecompressor()),
  GZIP(null),
  ZSTD(new ZstdDecompressor()),
  LZ4_RAW(new Lz4Decompressor());

  private static final int MAX_PAGE = 1 << 28;

  private final Decompressor decompressor;

  ParquetCodec(Decompressor decompressor) {
    this.decompressor = decompressor;
  }

  static ParquetCodec of(CompressionCodec codec) throws IOException {
    Optional<ParquetCodec> known =
        Arrays.stream(values()).filter(c -> c.name().equals(codec.name())).findFirst();
    return known.orElseThrow(
        () -> new IOException("compression " + codec + " is not supported; write it with snappy"));
  }

  /**
   * @param size length of the result, as the page header says
   */
  byte[] decompress(byte[] input, int offset, int length, int size) throws IOException {
    if (size < 0 || size > MAX_PAGE) {
      throw new IOException("page of " + size + " bytes");
    }
    if (this == UNCOMPRESSED) {
      return Arrays.copyOfRange(input, offset, offset + length);
    }
    byte[] output = new byte[size];
    int written;
    if (this == GZIP) {
      try (GZIPInputStream in =
          new GZIPInputStream(new ByteArrayInputStream(input, offset, length))) {
        written = in.readNBytes(output, 0, size);
      }
    } else {
      written = size == 0 ? 0 : decompress(input, offset, length, output);
    }
    if (written != size) {
      throw new IOException("page of " + size + " bytes holds " + written);
    }
    return output;
  }

  /** The decompressors keep tables and are not made for several threads. */
  private int decompress(byte[] input, int offset, int length, byte[] output) {
    synchronized (this) {
      return decompressor.decompress(input, offset, length, output, 0, output.length);
    }
  }
}
