package org.treepo4j.tokenizer;

/** The suffix that marks the end of a word becomes a space, but nothing in the last token. */
final class WordEndStage implements Decoder.Stage {
  private final Decoder.Stage next;
  private final String suffix;
  private final StringBuilder token = new StringBuilder();
  private String held;

  WordEndStage(Decoder.Stage next, String suffix) {
    this.next = next;
    this.suffix = suffix;
  }

  @Override
  public void text(String fragment) {
    token.append(fragment);
  }

  @Override
  public void endToken() {
    hand(" ");
    held = token.toString();
    token.setLength(0);
  }

  @Override
  public void end() {
    hand("");
    next.end();
  }

  private void hand(String replacement) {
    if (held != null) {
      next.text(suffix.isEmpty() ? held : held.replace(suffix, replacement));
      next.endToken();
    }
  }
}
