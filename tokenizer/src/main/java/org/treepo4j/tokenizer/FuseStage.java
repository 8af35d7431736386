package org.treepo4j.tokenizer;

/** Makes all tokens one. */
record FuseStage(Decoder.Stage next) implements Decoder.Stage {
  @Override
  public void text(String fragment) {
    next.text(fragment);
  }

  @Override
  public void endToken() {
    // The one token ends with the stream.
  }

  @Override
  public void end() {
    next.endToken();
    next.end();
  }
}
