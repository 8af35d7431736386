package org.treepo4j.tokenizer;

/** Takes up to so many of one character from the start and the end of every token. */
final class StripStage implements Decoder.Stage {
  private final Decoder.Stage next;
  private final char content;
  private final int start;
  private final int stop;
  private int leftAtStart;

  /** The last characters of the token so far, at most {@code stop}, all of them the content. */
  private int held;

  StripStage(Decoder.Stage next, char content, int start, int stop) {
    this.next = next;
    this.content = content;
    this.start = start;
    this.stop = stop;
    this.leftAtStart = start;
  }

  @Override
  public void text(String fragment) {
    int from = 0;
    while (leftAtStart > 0 && from < fragment.length()) {
      if (fragment.charAt(from) == content) {
        from++;
        leftAtStart--;
      } else {
        leftAtStart = 0;
      }
    }
    int end = fragment.length();
    while (end > from && fragment.length() - end < stop && fragment.charAt(end - 1) == content) {
      end--;
    }
    int trailing = fragment.length() - end;
    int kept = end > from ? trailing : Math.min(stop, held + trailing);
    String before = String.valueOf(content).repeat(end > from ? held : held + trailing - kept);
    held = kept;
    String text = before + fragment.substring(from, end);
    if (!text.isEmpty()) {
      next.text(text);
    }
  }

  @Override
  public void endToken() {
    held = 0;
    leftAtStart = start;
    next.endToken();
  }

  @Override
  public void end() {
    next.end();
  }
}
