package org.treepo4j.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.UUID;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DateLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.Float16LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntervalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.UUIDLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.treepo4j.checkpoints.Fp16;

/**
 * A single value of a Parquet file as JSON, as its logical type means it and people write it:
 * {@code 1.50} for a decimal whatever its storage, {@code 2024-01-31T12:00:00Z} for an instant.
 * Bytes that are no text are in Base64; a text that is not UTF-8 is a {@code POJONode} that says
 * so.
 *
 * @see <a href="https://github.com/apache/parquet-format/blob/master/LogicalTypes.md">the types</a>
 */
final class ParquetValues {
  private static final JsonNodeFactory JSON = JsonNodeFactory.withExactBigDecimals(true);
  private static final int FLOAT_DIGITS = 9;
  private static final long SECONDS_PER_DAY = 86_400;

  /** Day 0 of Unix among the days that INT96 counts. */
  private static final long JULIAN_EPOCH = 2_440_588;

  private ParquetValues() {}

  static JsonNode json(Group group, PrimitiveType type, int field, int index) {
    LogicalTypeAnnotation logical = type.getLogicalTypeAnnotation();
    return switch (type.getPrimitiveTypeName()) {
      case BOOLEAN -> JSON.booleanNode(group.getBoolean(field, index));
      case INT32 -> whole(group.getInteger(field, index), Integer.SIZE, logical);
      case INT64 -> whole(group.getLong(field, index), Long.SIZE, logical);
      case FLOAT -> shortest(group.getFloat(field, index), Float::floatToRawIntBits);
      case DOUBLE -> JSON.numberNode(group.getDouble(field, index));
      case INT96 -> int96(group.getInt96(field, index).getBytes());
      case BINARY, FIXED_LEN_BYTE_ARRAY -> bytes(group.getBinary(field, index).getBytes(), logical);
    };
  }

  /** The bits a number is stored in. */
  private interface Bits {
    int of(float value);
  }

  /** With no more digits than tell it from its neighbours: 0.1, not 0.10000000149. */
  private static JsonNode shortest(float value, Bits bits) {
    if (!Float.isFinite(value)) {
      return JSON.numberNode(value);
    }
    BigDecimal exact = new BigDecimal(value);
    for (int digits = 1; digits < FLOAT_DIGITS; digits++) {
      BigDecimal rounded = exact.round(new MathContext(digits));
      if (bits.of(rounded.floatValue()) == bits.of(value)) {
        return JSON.numberNode(rounded);
      }
    }
    return JSON.numberNode(exact.round(new MathContext(FLOAT_DIGITS)));
  }

  private static JsonNode whole(long value, int bits, LogicalTypeAnnotation logical) {
    if (logical instanceof DecimalLogicalTypeAnnotation decimal) {
      return JSON.numberNode(BigDecimal.valueOf(value, decimal.getScale()));
    }
    if (logical instanceof IntLogicalTypeAnnotation integer && !integer.isSigned()) {
      return bits == Long.SIZE
          ? JSON.numberNode(new BigInteger(Long.toUnsignedString(value)))
          : JSON.numberNode(value & 0xFFFF_FFFFL);
    }
    if (logical instanceof DateLogicalTypeAnnotation) {
      return JSON.textNode(LocalDate.ofEpochDay(value).toString());
    }
    if (logical instanceof TimeLogicalTypeAnnotation time && isOfDay(value, time.getUnit())) {
      long nanos = value * nanos(time.getUnit());
      return JSON.textNode(DateTimeFormatter.ISO_LOCAL_TIME.format(LocalTime.ofNanoOfDay(nanos)));
    }
    if (logical instanceof TimestampLogicalTypeAnnotation timestamp) {
      long perSecond = 1_000_000_000L / nanos(timestamp.getUnit());
      long nanos = Math.floorMod(value, perSecond) * nanos(timestamp.getUnit());
      Instant instant = Instant.ofEpochSecond(Math.floorDiv(value, perSecond), nanos);
      return instant(instant, timestamp.isAdjustedToUTC());
    }
    return JSON.numberNode(value);
  }

  /** Other values are no time of the day, and stay numbers. */
  private static boolean isOfDay(long value, TimeUnit unit) {
    return value >= 0 && value < SECONDS_PER_DAY * (1_000_000_000L / nanos(unit));
  }

  private static long nanos(TimeUnit unit) {
    return switch (unit) {
      case MILLIS -> 1_000_000;
      case MICROS -> 1_000;
      case NANOS -> 1;
    };
  }

  /** With a Z where the file counts in UTC, without where the time is that of some place. */
  private static JsonNode instant(Instant instant, boolean utc) {
    return JSON.textNode(
        utc
            ? DateTimeFormatter.ISO_INSTANT.format(instant)
            : DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(instant.atOffset(ZoneOffset.UTC)));
  }

  /** Nanoseconds of the day and the Julian day, little-endian: how Spark used to store times. */
  private static JsonNode int96(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long nanos = buffer.getLong();
    long day = buffer.getInt() - JULIAN_EPOCH;
    return instant(Instant.ofEpochSecond(day * SECONDS_PER_DAY, nanos), true);
  }

  private static JsonNode bytes(byte[] bytes, LogicalTypeAnnotation logical) {
    if (logical instanceof DecimalLogicalTypeAnnotation decimal) {
      BigInteger unscaled = bytes.length == 0 ? BigInteger.ZERO : new BigInteger(bytes);
      return JSON.numberNode(new BigDecimal(unscaled, decimal.getScale()));
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (logical instanceof Float16LogicalTypeAnnotation) {
      return shortest(Fp16.toFloat(buffer.getShort()), Fp16::fromFloat);
    }
    if (logical instanceof IntervalLogicalTypeAnnotation) {
      return JSON.textNode(interval(buffer.getInt(), buffer.getInt(), buffer.getInt()));
    }
    if (logical instanceof UUIDLogicalTypeAnnotation) {
      ByteBuffer big = ByteBuffer.wrap(bytes);
      return JSON.textNode(new UUID(big.getLong(), big.getLong()).toString());
    }
    try {
      return JSON.textNode(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      if (logical instanceof StringLogicalTypeAnnotation) {
        return JSON.pojoNode("it holds text that is not UTF-8");
      }
      return JSON.textNode(Base64.getEncoder().encodeToString(bytes));
    }
  }

  /** ISO 8601; the three parts are unsigned and are never made into one another. */
  private static String interval(int months, int days, int millis) {
    long years = Integer.toUnsignedLong(months) / 12;
    Period period = Period.of((int) years, (int) (Integer.toUnsignedLong(months) % 12), 0);
    Duration time = Duration.ofMillis(Integer.toUnsignedLong(millis));
    String date = period.isZero() ? "P" : period.toString();
    String day = days == 0 ? "" : Integer.toUnsignedString(days) + "D";
    String clock = time.isZero() ? "" : time.toString().substring(1);
    String all = date + day + clock;
    return all.equals("P") ? "PT0S" : all;
  }
}
