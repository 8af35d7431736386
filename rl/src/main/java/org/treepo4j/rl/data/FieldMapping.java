package org.treepo4j.rl.data;

import org.treepo4j.base.settings.Setting;

/**
 * Which fields of a row hold what; a dot goes into an object ({@code reward_model.ground_truth}).
 * Where the prompt field is not given, the form of the row is recognised ({@link RowFormat}).
 */
public record FieldMapping(
    @Setting("field of the prompt: text or messages; unset: recognised") String prompt,
    @Setting("field of the answer, or of a solution that ends in it; unset: recognised")
        String answer,
    @Setting("field of the category for per-category tables; unset: recognised") String category) {

  public FieldMapping {
    if ((prompt == null) != (answer == null)) {
      throw new IllegalArgumentException(
          (prompt == null ? "prompt" : "answer") + " must be given with the other field");
    }
  }

  public static FieldMapping defaults() {
    return new FieldMapping(null, null, null);
  }
}
