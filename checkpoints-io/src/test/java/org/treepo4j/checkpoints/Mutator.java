package org.treepo4j.checkpoints;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Damages files the way disks, downloads and attackers do. */
final class Mutator {
  private static final List<String> SPLINTERS =
      List.of(
          "-1",
          "0",
          "1e999",
          "NaN",
          "null",
          "true",
          "\"",
          "\\",
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "[[[[",
          "{\"a\":",
          "9223372036854775807",
          "18446744073709551616",
          "2147483648",
          "4294967295",
          "\"F32\"",
          "\"I64\"",
          "\"F8_E4M3\"",
          "\"data_offsets\"",
          "\"shape\":",
          "__metadata__",
          "../../etc/passwd",
          "/etc/passwd",
          "\n",
          "\u0000",
          "\\u0000",
          "\\ud800",
          "€",
          "\uFEFF");

  private final SplittableRandom random;

  Mutator(SplittableRandom random) {
    this.random = random;
  }

  /**
   * @param headed whether the file begins with the length of a header
   */
  byte[] mutate(byte[] file, boolean headed) {
    return switch (random.nextInt(headed ? 8 : 5)) {
      case 0 -> flipBits(file);
      case 1 -> Arrays.copyOf(file, random.nextInt(file.length + 1));
      case 2 -> splice(file);
      case 3 -> overwriteWithNoise(file);
      case 4 -> insertSplinters(file, 1 + random.nextInt(3));
      case 5 -> randomHeaderLength(file);
      case 6 -> noiseAsHeader(file);
      default -> splinteredHeader(file);
    };
  }

  private byte[] flipBits(byte[] file) {
    byte[] copy = file.clone();
    for (int flips = 1 + random.nextInt(8); flips > 0; flips--) {
      copy[random.nextInt(copy.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return copy;
  }

  /** A stretch of the file moved over, or in between, another. */
  private byte[] splice(byte[] file) {
    int from = random.nextInt(file.length);
    byte[] stretch = Arrays.copyOfRange(file, from, from + random.nextInt(file.length - from + 1));
    int at = random.nextInt(file.length);
    int rest = random.nextBoolean() ? at : Math.min(file.length, at + stretch.length);
    return ByteBuffer.allocate(at + stretch.length + file.length - rest)
        .put(file, 0, at)
        .put(stretch)
        .put(file, rest, file.length - rest)
        .array();
  }

  private byte[] overwriteWithNoise(byte[] file) {
    byte[] copy = file.clone();
    int at = random.nextInt(copy.length);
    for (int end = Math.min(copy.length, at + 1 + random.nextInt(16)); at < end; at++) {
      copy[at] = (byte) random.nextInt();
    }
    return copy;
  }

  private byte[] insertSplinters(byte[] file, int count) {
    byte[] changed = file;
    for (; count > 0; count--) {
      byte[] splinter =
          SPLINTERS.get(random.nextInt(SPLINTERS.size())).getBytes(StandardCharsets.UTF_8);
      int at = random.nextInt(changed.length + 1);
      int rest = Math.min(changed.length, at + random.nextInt(8));
      changed =
          ByteBuffer.allocate(at + splinter.length + changed.length - rest)
              .put(changed, 0, at)
              .put(splinter)
              .put(changed, rest, changed.length - rest)
              .array();
    }
    return changed;
  }

  private byte[] randomHeaderLength(byte[] file) {
    long length = random.nextLong() >>> random.nextInt(64);
    return withLength(file.clone(), length);
  }

  private byte[] noiseAsHeader(byte[] file) {
    byte[] copy = file.clone();
    int header = headerLength(file);
    for (int i = 0; i < header; i++) {
      copy[Long.BYTES + i] = (byte) random.nextInt(32, 127);
    }
    copy[Long.BYTES] = '{';
    return copy;
  }

  /** The header damaged as text and its length put right, so that parsing goes deep. */
  private byte[] splinteredHeader(byte[] file) {
    int header = headerLength(file);
    byte[] json = Arrays.copyOfRange(file, Long.BYTES, Long.BYTES + header);
    byte[] damaged = insertSplinters(json, 1 + random.nextInt(2));
    int data = file.length - Long.BYTES - header;
    byte[] whole =
        ByteBuffer.allocate(Long.BYTES + damaged.length + data)
            .putLong(0)
            .put(damaged)
            .put(file, file.length - data, data)
            .array();
    return withLength(whole, damaged.length);
  }

  private static int headerLength(byte[] file) {
    return (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  private static byte[] withLength(byte[] file, long length) {
    ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    return file;
  }
}
