package org.treepo4j.tokenizer;

/** SentencePiece's visible space to a space; in the first token it is dropped. */
final class MetaspaceStage implements Decoder.Stage {
  private final Decoder.Stage next;
  private final String mark;
  private String inThisToken;

  MetaspaceStage(Decoder.Stage next, String mark, boolean dropInFirst) {
    this.next = next;
    this.mark = mark;
    this.inThisToken = dropInFirst ? "" : " ";
  }

  @Override
  public void text(String fragment) {
    next.text(fragment.replace(mark, inThisToken));
  }

  @Override
  public void endToken() {
    inThisToken = " ";
    next.endToken();
  }

  @Override
  public void end() {
    next.end();
  }
}
