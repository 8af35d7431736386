package org.treepo4j.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * The visible alphabet of byte-level BPE (GPT-2): every byte is one character, printable ones
 * themselves, the others U+0100 onwards.
 */
final class ByteAlphabet {
  private static final char[] CHARACTERS = new char[256];
  private static final short[] BYTES = new short[0x200];

  static {
    java.util.Arrays.fill(BYTES, (short) -1);
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean visible = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      CHARACTERS[b] = (char) (visible ? b : next++);
      BYTES[CHARACTERS[b]] = (short) b;
    }
  }

  private ByteAlphabet() {}

  /** The character for a byte, 0 to 255. */
  static char character(int value) {
    return CHARACTERS[value];
  }

  /** The byte that a character stands for, or -1. */
  static int byteOf(char character) {
    return character < BYTES.length ? BYTES[character] : -1;
  }

  /** Spells a text's UTF-8 bytes. */
  static String spell(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    char[] spelled = new char[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      spelled[i] = CHARACTERS[bytes[i] & 0xFF];
    }
    return new String(spelled);
  }
}
