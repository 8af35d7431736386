package org.treepo4j.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.treepo4j.rl.data.PlainParquet.little;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.DateType;
import org.apache.parquet.format.DecimalType;
import org.apache.parquet.format.Float16Type;
import org.apache.parquet.format.IntType;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.MapType;
import org.apache.parquet.format.MicroSeconds;
import org.apache.parquet.format.MilliSeconds;
import org.apache.parquet.format.NanoSeconds;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.TimeType;
import org.apache.parquet.format.TimeUnit;
import org.apache.parquet.format.TimestampType;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.UUIDType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every type of value that the format has means what its annotation says. */
class ParquetTypesTest {
  private static final Consumer<SchemaElement> PLAIN = element -> {};

  @TempDir Path folder;

  static Stream<Arguments> values() {
    byte[] wide = new BigInteger("-12345678901234567890123").toByteArray();
    return Stream.of(
        of("decimal in int32", "1.50", Type.INT32, int32(150), decimal(2)),
        of("negative", "-2.25", Type.INT32, int32(-225), decimal(2)),
        of("decimal in int64", "-0.000001", Type.INT64, int64(-1), decimal(6)),
        of("of old files", "1.50", Type.INT64, int64(150), oldDecimal(2)),
        of("without fraction", "150", Type.INT64, int64(150), decimal(0)),
        of("decimal in bytes", "12.34", Type.BYTE_ARRAY, prefixed(4, 0xd2), decimal(2)),
        of(
            "fixed",
            "-1234567890123456789.0123",
            Type.FIXED_LEN_BYTE_ARRAY,
            wide,
            decimal(4).andThen(element -> element.setType_length(wide.length))),
        of("uint32", "4294967295", Type.INT32, int32(-1), unsigned(32)),
        of("uint64", "18446744073709551615", Type.INT64, int64(-1), unsigned(64)),
        of("old uint64", "18446744073709551615", Type.INT64, int64(-1), old(ConvertedType.UINT_64)),
        of("uint8", "200", Type.INT32, int32(200), unsigned(8)),
        of("int32", "-1", Type.INT32, int32(-1), PLAIN),
        of("float", "0.1", Type.FLOAT, little(4).putFloat(0.1f).array(), PLAIN),
        of("large float", "16777216", Type.FLOAT, little(4).putFloat(1 << 24).array(), PLAIN),
        of("double", "0.1", Type.DOUBLE, little(8).putDouble(0.1).array(), PLAIN),
        of(
            "float16",
            "1.5",
            Type.FIXED_LEN_BYTE_ARRAY,
            new byte[] {0, 0x3e},
            logical(LogicalType.FLOAT16(new Float16Type()))
                .andThen(element -> element.setType_length(2))),
        of(
            "date",
            "2024-02-29",
            Type.INT32,
            int32(19_782),
            logical(LogicalType.DATE(new DateType()))),
        of("old date", "1969-12-31", Type.INT32, int32(-1), old(ConvertedType.DATE)),
        of("time", "12:00:00.001", Type.INT32, int32(43_200_001), time(millis())),
        of("old time", "00:00:01", Type.INT64, int64(1_000_000), old(ConvertedType.TIME_MICROS)),
        of("nanoseconds", "00:00:00.000000007", Type.INT64, int64(7), time(nanos())),
        of("no time of day", "-7", Type.INT64, int64(-7), time(nanos())),
        of(
            "instant",
            "2024-01-31T12:00:00Z",
            Type.INT64,
            int64(1_706_702_400_000L),
            stamp(true, millis())),
        of(
            "before 1970",
            "1969-12-31T23:59:59.999999Z",
            Type.INT64,
            int64(-1),
            stamp(true, micros())),
        of("local", "1970-01-01T00:00:00.000000001", Type.INT64, int64(1), stamp(false, nanos())),
        of(
            "old instant",
            "1970-01-01T00:00:00.001Z",
            Type.INT64,
            int64(1),
            old(ConvertedType.TIMESTAMP_MILLIS)),
        of(
            "int96",
            "1970-01-02T00:00:00.000000005Z",
            Type.INT96,
            little(12).putLong(5).putInt(2_440_589).array(),
            PLAIN),
        of(
            "interval",
            "P1Y2M3DT4.005S",
            Type.FIXED_LEN_BYTE_ARRAY,
            little(12).putInt(14).putInt(3).putInt(4005).array(),
            old(ConvertedType.INTERVAL).andThen(element -> element.setType_length(12))),
        of(
            "uuid",
            "00112233-4455-6677-8899-aabbccddeeff",
            Type.FIXED_LEN_BYTE_ARRAY,
            new BigInteger("00112233445566778899aabbccddeeff", 16).toByteArray(),
            16,
            logical(LogicalType.UUID(new UUIDType())).andThen(e -> e.setType_length(16))),
        of("bytes", "//79", Type.BYTE_ARRAY, prefixed(0xff, 0xfe, 0xfd), PLAIN));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("values")
  void aValueIsWhatItsTypeSays(
      String name, String expected, Type type, byte[] value, Consumer<SchemaElement> annotation)
      throws IOException {
    Path file =
        new PlainParquet(1)
            .text("prompt", "a")
            .column("answer", type, value, annotation)
            .write(folder.resolve("x.parquet"));
    assertThat(TaskReader.read(file).get(0).answer()).isEqualTo(expected);
  }

  @Test
  void aMapIsAnObject() throws IOException {
    for (Consumer<SchemaElement> annotation :
        List.of(logical(LogicalType.MAP(new MapType())), old(ConvertedType.MAP_KEY_VALUE))) {
      Path file =
          new PlainParquet(2)
              .text("prompt", "a", "b")
              .map("answer", annotation)
              .write(folder.resolve("x.parquet"));
      assertThat(TaskReader.read(file).get(1).answer()).isEqualTo("{\"k0\":\"v0\",\"k1\":\"v1\"}");
    }
  }

  @Test
  void aNumberThatIsNoneIsRefusedWithItsRow() throws IOException {
    byte[] values = little(16).putDouble(1).putDouble(Double.NaN).array();
    Path file =
        new PlainParquet(2)
            .text("prompt", "a", "b")
            .column("answer", Type.DOUBLE, values, PLAIN)
            .write(folder.resolve("x.parquet"));
    assertThatThrownBy(() -> TaskReader.read(file))
        .hasMessage(file + ":row 2: answer: expected text or a number, was NaN");
  }

  @Test
  void columnsThatNobodyReadsNeverStopAFile() throws IOException {
    Path file =
        new PlainParquet(1)
            .text("prompt", "a")
            .text("answer", "1")
            .column("nan", Type.FLOAT, little(4).putFloat(Float.NaN).array(), PLAIN)
            .column("when", Type.INT96, new byte[12], PLAIN)
            .column("misnamed", Type.INT64, int64(1), old(ConvertedType.DATE))
            .text("torn", "1")
            .withUnknownCompression()
            .write(folder.resolve("x.parquet"));
    assertThat(TaskReader.read(file)).hasSize(1);
  }

  @Test
  void aColumnThatCannotBeReadIsNamedWhereItIsNeeded() throws IOException {
    Path file =
        new PlainParquet(1)
            .text("prompt", "a")
            .text("answer", "1")
            .withUnknownCompression()
            .write(folder.resolve("x.parquet"));
    assertThatThrownBy(() -> TaskReader.read(file))
        .hasMessageContaining(file + ":row 1: answer: ")
        .hasMessageContaining("a column that cannot be read: compression LZO is not supported");
  }

  @Test
  void textThatIsNotUtf8IsRefusedWhereItIsNeeded() throws IOException {
    for (ConvertedType type : new ConvertedType[] {ConvertedType.UTF8, null}) {
      Path file =
          new PlainParquet(1)
              .column("prompt", Type.BYTE_ARRAY, prefixed(0xed, 0xa0, 0x80), old(type))
              .text("answer", "1")
              .column("unused", Type.BYTE_ARRAY, prefixed(0xff), old(ConvertedType.UTF8))
              .write(folder.resolve("x.parquet"));
      if (type == null) {
        assertThat(TaskReader.read(file)).hasSize(1); // plain bytes, in Base64
      } else {
        assertThatThrownBy(() -> TaskReader.read(file))
            .hasMessageContaining(file + ":row 1: prompt: ")
            .hasMessageContaining("it holds text that is not UTF-8");
      }
    }
  }

  @Test
  void aColumnThatStandsTwiceIsNamedWhereItIsNeeded() throws IOException {
    PlainParquet unused =
        new PlainParquet(1).text("prompt", "a").text("x", "1").text("x", "2").text("answer", "1");
    assertThat(TaskReader.read(unused.write(folder.resolve("x.parquet")))).hasSize(1);
    Path file =
        new PlainParquet(1)
            .text("prompt", "a")
            .text("answer", "1")
            .text("answer", "2")
            .write(folder.resolve("y.parquet"));
    assertThatThrownBy(() -> TaskReader.read(file))
        .hasMessageContaining(file + ":row 1: answer: ")
        .hasMessageContaining("the schema has it, or a field of it, twice");
  }

  @Test
  void aKeyThatStandsTwiceInAMapIsNamed() throws IOException {
    Path file =
        new PlainParquet(1)
            .text("prompt", "a")
            .map("answer", logical(LogicalType.MAP(new MapType())), List.of("k", "k"))
            .write(folder.resolve("x.parquet"));
    assertThatThrownBy(() -> TaskReader.read(file))
        .hasMessageContaining(file + ":row 1: answer: ")
        .hasMessageContaining("it holds a map with the key k twice");
  }

  @Test
  void aDamagedPageIsToldByItsChecksum() throws IOException {
    Path file =
        new PlainParquet(1)
            .text("prompt", "a")
            .withWrongChecksums()
            .text("answer", "1")
            .write(folder.resolve("x.parquet"));
    assertThatThrownBy(() -> TaskReader.read(file))
        .hasMessageContaining(file + ":row 1: answer: ")
        .hasMessageContaining("the checksum of a page does not fit, the file is damaged");
  }

  @Test
  void anEmptyTableSaysSo() throws IOException {
    assertSaysThatItIsEmpty(new PlainParquet(0).text("prompt").text("answer"));
    assertSaysThatItIsEmpty(new PlainParquet(0).text("prompt").text("answer").withEmptyRowGroup());
  }

  private void assertSaysThatItIsEmpty(PlainParquet table) throws IOException {
    Path file = table.write(folder.resolve("x.parquet"));
    for (Reading reading :
        new Reading[] {
          TaskReader::read,
          DemonstrationReader::read,
          path -> DataSummary.of(path, FieldMapping.defaults(), java.util.Optional.empty())
        }) {
      assertThatThrownBy(() -> reading.of(file))
          .hasMessage(file + ": expected at least one row, was empty");
    }
  }

  private interface Reading {
    Object of(Path file) throws IOException;
  }

  private static Arguments of(
      String name, String expected, Type type, byte[] value, Consumer<SchemaElement> annotation) {
    return Arguments.of(name, expected, type, value, annotation);
  }

  /** A fixed length that the number's own bytes may fall short of. */
  private static Arguments of(
      String name,
      String expected,
      Type type,
      byte[] value,
      int length,
      Consumer<SchemaElement> annotation) {
    byte[] padded = new byte[length];
    System.arraycopy(value, 0, padded, length - value.length, value.length);
    return Arguments.of(name, expected, type, padded, annotation);
  }

  private static Consumer<SchemaElement> logical(LogicalType type) {
    return element -> element.setLogicalType(type);
  }

  private static Consumer<SchemaElement> old(ConvertedType type) {
    return element -> element.setConverted_type(type);
  }

  private static Consumer<SchemaElement> decimal(int scale) {
    return logical(LogicalType.DECIMAL(new DecimalType(scale, 9)));
  }

  private static Consumer<SchemaElement> oldDecimal(int scale) {
    return old(ConvertedType.DECIMAL)
        .andThen(element -> element.setScale(scale))
        .andThen(element -> element.setPrecision(9));
  }

  private static Consumer<SchemaElement> unsigned(int bits) {
    return logical(LogicalType.INTEGER(new IntType((byte) bits, false)));
  }

  private static Consumer<SchemaElement> time(TimeUnit unit) {
    return logical(LogicalType.TIME(new TimeType(true, unit)));
  }

  private static Consumer<SchemaElement> stamp(boolean utc, TimeUnit unit) {
    return logical(LogicalType.TIMESTAMP(new TimestampType(utc, unit)));
  }

  private static TimeUnit millis() {
    return TimeUnit.MILLIS(new MilliSeconds());
  }

  private static TimeUnit micros() {
    return TimeUnit.MICROS(new MicroSeconds());
  }

  private static TimeUnit nanos() {
    return TimeUnit.NANOS(new NanoSeconds());
  }

  private static byte[] int32(int value) {
    return little(4).putInt(value).array();
  }

  private static byte[] int64(long value) {
    return little(8).putLong(value).array();
  }

  private static byte[] prefixed(int... bytes) {
    ByteBuffer all = little(4 + bytes.length).putInt(bytes.length);
    for (int b : bytes) {
      all.put((byte) b);
    }
    return all.array();
  }
}
