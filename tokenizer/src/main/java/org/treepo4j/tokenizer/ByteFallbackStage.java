package org.treepo4j.tokenizer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Runs of tokens {@code <0xNN>} to the text of their bytes, or, where they are no UTF-8, to one
 * U+FFFD for each. Whether they are is known only when the run ends, so a run is held back.
 */
final class ByteFallbackStage implements Decoder.Stage {
  private final Decoder.Stage next;
  private final StringBuilder token = new StringBuilder();
  private byte[] run = new byte[16];
  private int length;

  ByteFallbackStage(Decoder.Stage next) {
    this.next = next;
  }

  @Override
  public void text(String fragment) {
    token.append(fragment);
  }

  @Override
  public void endToken() {
    int value = byteOf(token);
    if (value >= 0) {
      if (length == run.length) {
        run = Arrays.copyOf(run, 2 * length);
      }
      run[length++] = (byte) value;
    } else {
      flush();
      next.text(token.toString());
      next.endToken();
    }
    token.setLength(0);
  }

  @Override
  public void end() {
    flush();
    next.end();
  }

  private static int byteOf(CharSequence token) {
    if (token.length() != 6
        || token.charAt(0) != '<'
        || token.charAt(1) != '0'
        || token.charAt(2) != 'x'
        || token.charAt(5) != '>') {
      return -1;
    }
    int high = hex(token.charAt(3));
    int low = hex(token.charAt(4));
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }

  private static int hex(char c) {
    return c < 128 ? Character.digit(c, 16) : -1;
  }

  private void flush() {
    if (length == 0) {
      return;
    }
    try {
      String text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(run, 0, length)).toString();
      next.text(text);
      next.endToken();
    } catch (CharacterCodingException e) {
      for (int i = 0; i < length; i++) {
        next.text("\uFFFD");
        next.endToken();
      }
    }
    length = 0;
  }
}
