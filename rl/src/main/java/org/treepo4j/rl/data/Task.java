package org.treepo4j.rl.data;

import java.util.Objects;

/**
 * A question whose answer is known.
 *
 * @param id unique in its file: file name and number of the row
 * @param prompt what the policy is asked
 * @param answer the reference answer as text; an object in the file stays JSON text
 * @param category for per-category tables, empty where the file has none
 * @param source name of the file it came from
 */
public record Task(String id, Prompt prompt, String answer, String category, String source) {

  public Task {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(answer, "answer");
    Objects.requireNonNull(category, "category");
    Objects.requireNonNull(source, "source");
  }

  /** A task with a plain text prompt and no category, as made in tests and generators. */
  public static Task of(String id, String prompt, String answer) {
    return new Task(id, new Prompt.Text(prompt), answer, "", "");
  }
}
