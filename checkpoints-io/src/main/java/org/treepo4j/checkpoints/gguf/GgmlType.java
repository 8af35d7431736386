package org.treepo4j.checkpoints.gguf;

import java.util.Arrays;
import java.util.Optional;

/**
 * The number types of GGUF files by the format's names. Quantised ones come in blocks of elements
 * that share scales.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h">the blocks</a>
 */
public enum GgmlType {
  F32(0, 1, 4, PlainNumbers::f32),
  F16(1, 1, 2, PlainNumbers::f16),
  Q4_0(2, 32, 18, BlockDecoder.each(32, 18, SimpleBlocks::q4Zero)),
  Q4_1(3, 32, 20, BlockDecoder.each(32, 20, SimpleBlocks::q4One)),
  Q5_0(6, 32, 22, BlockDecoder.each(32, 22, SimpleBlocks::q5Zero)),
  Q5_1(7, 32, 24, BlockDecoder.each(32, 24, SimpleBlocks::q5One)),
  Q8_0(8, 32, 34, BlockDecoder.each(32, 34, SimpleBlocks::q8Zero)),
  Q8_1(9, 32, 36, null),
  Q2_K(10, 256, 84, BlockDecoder.each(256, 84, SuperBlocks::q2)),
  Q3_K(11, 256, 110, BlockDecoder.each(256, 110, SuperBlocks::q3)),
  Q4_K(12, 256, 144, BlockDecoder.each(256, 144, SuperBlocks::q4)),
  Q5_K(13, 256, 176, BlockDecoder.each(256, 176, SuperBlocks::q5)),
  Q6_K(14, 256, 210, BlockDecoder.each(256, 210, SuperBlocks::q6)),
  Q8_K(15, 256, 292, null),
  IQ2_XXS(16, 256, 66, null),
  IQ2_XS(17, 256, 74, null),
  IQ3_XXS(18, 256, 98, null),
  IQ1_S(19, 256, 50, null),
  IQ4_NL(20, 32, 18, BlockDecoder.each(32, 18, SimpleBlocks::iq4NonLinear)),
  IQ3_S(21, 256, 110, null),
  IQ2_S(22, 256, 82, null),
  IQ4_XS(23, 256, 136, BlockDecoder.each(256, 136, SuperBlocks::iq4)),
  I8(24, 1, 1, PlainNumbers::i8),
  I16(25, 1, 2, PlainNumbers::i16),
  I32(26, 1, 4, PlainNumbers::i32),
  I64(27, 1, 8, PlainNumbers::i64),
  F64(28, 1, 8, PlainNumbers::f64),
  IQ1_M(29, 256, 56, null),
  BF16(30, 1, 2, PlainNumbers::bf16),
  TQ1_0(34, 256, 54, BlockDecoder.each(256, 54, SuperBlocks::ternaryPacked)),
  TQ2_0(35, 256, 66, BlockDecoder.each(256, 66, SuperBlocks::ternary)),
  MXFP4(39, 32, 17, BlockDecoder.each(32, 17, SimpleBlocks::mxfp4));

  private static final GgmlType[] BY_ID = new GgmlType[40];

  static {
    for (GgmlType type : values()) {
      BY_ID[type.id] = type;
    }
  }

  private final int id;
  private final int blockElements;
  private final int blockBytes;
  private final BlockDecoder decoder;

  GgmlType(int id, int blockElements, int blockBytes, BlockDecoder decoder) {
    this.id = id;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
    this.decoder = decoder;
  }

  /** The type of a number in a file; empty where it is not known. */
  static Optional<GgmlType> of(int id) {
    return id < 0 || id >= BY_ID.length ? Optional.empty() : Optional.ofNullable(BY_ID[id]);
  }

  /** Names of types that were taken out of the format, by their number. */
  static Optional<String> removed(int id) {
    return Optional.ofNullable(
        switch (id) {
          case 4 -> "Q4_2";
          case 5 -> "Q4_3";
          case 31 -> "Q4_0_4_4";
          case 32 -> "Q4_0_4_8";
          case 33 -> "Q4_0_8_8";
          case 36 -> "IQ4_NL_4_4";
          case 37 -> "IQ4_NL_4_8";
          case 38 -> "IQ4_NL_8_8";
          default -> null;
        });
  }

  /** The type's number in files. */
  int number() {
    return id;
  }

  /** Elements of one block; 1 for plain numbers. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of one block. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Whether this project reads tensors of the type. */
  public boolean isReadable() {
    return decoder != null;
  }

  /** Whether this project writes tensors of the type. */
  public boolean isWritable() {
    return encoder() != null;
  }

  /** What {@link #decoder} is the inverse of; null where there is none. */
  BlockEncoder encoder() {
    return switch (this) {
      case F32 -> PlainNumbers::toF32;
      case F16 -> PlainNumbers::toF16;
      case BF16 -> PlainNumbers::toBf16;
      case Q8_0 -> SimpleBlocks::toQ8Zero;
      default -> null;
    };
  }

  /** The largest magnitude that the type holds. */
  float largest() {
    return switch (this) {
      case F16 -> 65_504;
      case Q8_0 -> 127.5f * 65_504;
      case BF16 -> 0x1.fep127f;
      default -> Float.MAX_VALUE;
    };
  }

  BlockDecoder decoder() {
    return decoder;
  }

  /** The names of all types that are read, for messages. */
  static String readable() {
    return String.join(
        ", ", Arrays.stream(values()).filter(GgmlType::isReadable).map(Enum::name).toList());
  }
}
