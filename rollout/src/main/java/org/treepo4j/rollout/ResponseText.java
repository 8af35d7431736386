package org.treepo4j.rollout;

/** The text of one growing response, and where its last segment begins. */
final class ResponseText {
  private final TokenText.Stream stream;
  private final StringBuilder text = new StringBuilder();
  private int segmentStart;

  private ResponseText(TokenText.Stream stream) {
    this.stream = stream;
  }

  /** The text of a response that has not begun. */
  static ResponseText empty(TokenText tokenText) {
    return new ResponseText(tokenText.open());
  }

  /** The text of the response that ends with a node. */
  static ResponseText of(TokenText tokenText, GrowingNode node) {
    ResponseText response = empty(tokenText);
    for (GrowingNode above : node.path()) {
      for (int i = 0; i < above.sampled().size(); i++) {
        response.append(above.sampled().token(i));
      }
    }
    return response;
  }

  /** Appends a token's text and returns where it begins. */
  int append(int token) {
    int before = text.length();
    text.append(stream.append(token));
    return before;
  }

  void beginSegment() {
    segmentStart = text.length();
  }

  StringBuilder text() {
    return text;
  }

  /** The whole text, once no token follows. */
  String finish() {
    return text.append(stream.finish()).toString();
  }

  String segment() {
    return text.substring(segmentStart);
  }
}
