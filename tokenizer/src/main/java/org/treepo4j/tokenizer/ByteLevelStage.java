package org.treepo4j.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * Tokens in the {@link ByteAlphabet} to text. A token with any other character stands for its own
 * UTF-8 bytes.
 */
final class ByteLevelStage implements Decoder.Stage {
  private final Decoder.Stage next;
  private final StringBuilder token = new StringBuilder();
  private final StringBuilder text = new StringBuilder();
  private final Utf8Decoder utf8 = new Utf8Decoder(text);

  ByteLevelStage(Decoder.Stage next) {
    this.next = next;
  }

  @Override
  public void text(String fragment) {
    token.append(fragment);
  }

  @Override
  public void endToken() {
    boolean spelled = true;
    for (int i = 0; i < token.length() && spelled; i++) {
      spelled = ByteAlphabet.byteOf(token.charAt(i)) >= 0;
    }
    if (spelled) {
      for (int i = 0; i < token.length(); i++) {
        utf8.accept(ByteAlphabet.byteOf(token.charAt(i)));
      }
    } else {
      for (byte b : token.toString().getBytes(StandardCharsets.UTF_8)) {
        utf8.accept(b & 0xFF);
      }
    }
    token.setLength(0);
    flush();
  }

  @Override
  public void end() {
    utf8.end();
    flush();
    next.endToken();
    next.end();
  }

  private void flush() {
    if (!text.isEmpty()) {
      next.text(text.toString());
      text.setLength(0);
    }
  }
}
