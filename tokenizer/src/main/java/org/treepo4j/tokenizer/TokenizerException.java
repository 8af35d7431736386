package org.treepo4j.tokenizer;

import java.io.IOException;
import java.nio.file.Path;

/** A tokenizer file that cannot be used; the message is one line that names the file. */
public class TokenizerException extends IOException {
  private static final int MAX_PROBLEM_LENGTH = 500;

  /** Names the file and what is wrong with it. */
  public TokenizerException(Path file, String problem) {
    super(file + ": " + oneLine(problem));
  }

  /** As above, with what found the problem. */
  public TokenizerException(Path file, String problem, Throwable cause) {
    super(file + ": " + oneLine(problem), cause);
  }

  private static String oneLine(String problem) {
    String line = problem.replaceAll("\\p{Cntrl}+", " ").strip();
    return line.length() <= MAX_PROBLEM_LENGTH ? line : line.substring(0, MAX_PROBLEM_LENGTH) + "…";
  }
}
