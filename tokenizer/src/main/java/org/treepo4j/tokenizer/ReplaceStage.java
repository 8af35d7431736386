package org.treepo4j.tokenizer;

/** Replaces what a pattern finds within each token. */
final class ReplaceStage implements Decoder.Stage {
  private final Decoder.Stage next;
  private final TextFinder finder;
  private final String content;
  private final StringBuilder token = new StringBuilder();

  ReplaceStage(Decoder.Stage next, TextFinder finder, String content) {
    this.next = next;
    this.finder = finder;
    this.content = content;
  }

  @Override
  public void text(String fragment) {
    token.append(fragment);
  }

  @Override
  public void endToken() {
    next.text(finder.replaceAll(token.toString(), content));
    next.endToken();
    token.setLength(0);
  }

  @Override
  public void end() {
    next.end();
  }
}
