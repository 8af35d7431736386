package org.treepo4j.tokenizer;

/**
 * UTF-8 to text byte by byte. What is no UTF-8 becomes one U+FFFD per maximal subpart, as Unicode
 * recommends and Rust does.
 */
final class Utf8Decoder {
  private static final char REPLACEMENT = '\uFFFD';

  private final StringBuilder out;
  private int codePoint;
  private int missing;
  private int least;
  private int most;

  Utf8Decoder(StringBuilder out) {
    this.out = out;
  }

  /** Takes a byte, 0 to 255. */
  void accept(int b) {
    if (missing > 0) {
      if (b >= least && b <= most) {
        codePoint = codePoint << 6 | (b & 0x3F);
        least = 0x80;
        most = 0xBF;
        if (--missing == 0) {
          out.appendCodePoint(codePoint);
        }
        return;
      }
      out.append(REPLACEMENT);
      missing = 0;
    }
    if (b < 0x80) {
      out.append((char) b);
    } else if (b >= 0xC2 && b <= 0xDF) {
      begin(b & 0x1F, 1, 0x80, 0xBF);
    } else if (b >= 0xE0 && b <= 0xEF) {
      begin(b & 0x0F, 2, b == 0xE0 ? 0xA0 : 0x80, b == 0xED ? 0x9F : 0xBF);
    } else if (b >= 0xF0 && b <= 0xF4) {
      begin(b & 0x07, 3, b == 0xF0 ? 0x90 : 0x80, b == 0xF4 ? 0x8F : 0xBF);
    } else {
      out.append(REPLACEMENT);
    }
  }

  /** The end: a character cut short becomes U+FFFD. */
  void end() {
    if (missing > 0) {
      out.append(REPLACEMENT);
      missing = 0;
    }
  }

  private void begin(int bits, int following, int nextLeast, int nextMost) {
    codePoint = bits;
    missing = following;
    least = nextLeast;
    most = nextMost;
  }
}
