package org.treepo4j.checkpoints.gguf;

import java.util.List;
import java.util.Objects;

/**
 * One value of a GGUF file's metadata.
 *
 * @param type its type; for an array, the type of its elements
 * @param array whether it is an array
 * @param value {@link Long} for integers (of {@link Type#U64} the bits), {@link Double} for
 *     floating point numbers, {@link Boolean}, {@link String}; for arrays {@code long[]}, {@code
 *     double[]}, {@code boolean[]}, {@code String[]}, or {@code GgufValue[]} for arrays of arrays
 */
public record GgufValue(Type type, boolean array, Object value) {

  public GgufValue {
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(value, "value");
  }

  static GgufValue text(String text) {
    return new GgufValue(Type.STRING, false, text);
  }

  static GgufValue flag(boolean flag) {
    return new GgufValue(Type.BOOL, false, flag);
  }

  /** Counts and ids. */
  static GgufValue u32(long value) {
    return new GgufValue(Type.U32, false, value);
  }

  /** As it will be read: rounded to float32. */
  static GgufValue f32(double value) {
    return new GgufValue(Type.F32, false, (double) (float) value);
  }

  static GgufValue texts(List<String> texts) {
    return new GgufValue(Type.STRING, true, texts.toArray(new String[0]));
  }

  /** Numbers of any of the integer types that fit. */
  static GgufValue i32s(long[] values) {
    return new GgufValue(Type.I32, true, values);
  }

  static GgufValue f32s(double[] values) {
    return new GgufValue(Type.F32, true, values);
  }

  static GgufValue flags(boolean[] flags) {
    return new GgufValue(Type.BOOL, true, flags);
  }

  /** The types by the format's names; an ordinal is the number in the file. */
  public enum Type {
    U8(1),
    I8(1),
    U16(2),
    I16(2),
    U32(4),
    I32(4),
    F32(4),
    BOOL(1),
    /** Its length in 8 bytes, then UTF-8. */
    STRING(8),
    /** Type of the elements in 4 bytes, their number in 8, then the elements. */
    ARRAY(12),
    U64(8),
    I64(8),
    F64(8);

    private final int leastBytes;

    Type(int leastBytes) {
      this.leastBytes = leastBytes;
    }

    /** Bytes that a value of this type takes at least. */
    int leastBytes() {
      return leastBytes;
    }

    boolean isInteger() {
      return switch (this) {
        case U8, I8, U16, I16, U32, I32, U64, I64 -> true;
        default -> false;
      };
    }

    boolean isFloat() {
      return this == F32 || this == F64;
    }
  }

  /** What the value is, for messages. */
  String kind() {
    return array ? "an array of " + type : type.toString();
  }
}
