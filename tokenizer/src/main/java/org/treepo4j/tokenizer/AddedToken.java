package org.treepo4j.tokenizer;

/**
 * A token looked for in the text before everything else.
 *
 * @param content its text
 * @param id its id
 * @param singleWord matches only between non-word characters
 * @param lstrip takes the white space before it along
 * @param rstrip takes the white space after it along
 * @param normalized looked for in the normalised text, in its normalised form
 * @param special left out of decoded text unless asked for
 */
record AddedToken(
    String content,
    int id,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {

  /** A special token without any of the other properties. */
  static AddedToken special(String content, int id) {
    return new AddedToken(content, id, false, false, false, false, true);
  }
}
