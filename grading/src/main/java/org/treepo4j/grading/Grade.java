package org.treepo4j.grading;

import java.util.Optional;

/**
 * What the grader found.
 *
 * @param correct whether the extracted answer equals the reference
 * @param extracted the final answer as it stands in the prediction; empty where none was found
 * @param limited whether the work was cut off by a size or step limit; such an answer is wrong
 */
public record Grade(boolean correct, Optional<String> extracted, boolean limited) {

  public Grade {
    if (correct && limited) {
      throw new IllegalArgumentException("limited answers must not be correct");
    }
  }
}
