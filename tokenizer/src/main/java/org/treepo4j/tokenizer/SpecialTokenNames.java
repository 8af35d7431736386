package org.treepo4j.tokenizer;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;

/**
 * The special tokens of a tokenizer that is being made.
 *
 * @param bos put before every text when special tokens are added; null for none
 * @param eos ends a text
 * @param padding fills batches; null for none; may be the same as {@code eos}
 * @param unknown stands for characters without a token; null for none
 * @param more others, such as the marks of a chat template
 */
public record SpecialTokenNames(
    String bos, String eos, String padding, String unknown, List<String> more) {
  /** For byte-level vocabularies, which know no unknown character. */
  public static final SpecialTokenNames BYTE_LEVEL =
      new SpecialTokenNames("<|bos|>", "<|eos|>", "<|pad|>", null, List.of());

  /** For character vocabularies. */
  public static final SpecialTokenNames CHARACTER_LEVEL =
      new SpecialTokenNames("<bos>", "<eos>", "<pad>", "<unk>", List.of());

  /** Checks that {@code eos} is given and that no name is empty. */
  public SpecialTokenNames {
    Objects.requireNonNull(eos, "eos must be given");
    more = List.copyOf(more);
    for (String name : all(bos, eos, padding, unknown, more)) {
      if (name.isEmpty()) {
        throw new IllegalArgumentException("names of special tokens must not be empty");
      }
    }
  }

  /** All names, each once, in the order of their ids. */
  public List<String> all() {
    return all(bos, eos, padding, unknown, more);
  }

  private static List<String> all(
      String bos, String eos, String padding, String unknown, List<String> more) {
    LinkedHashSet<String> all = new LinkedHashSet<>();
    for (String name : new String[] {padding, bos, eos, unknown}) {
      if (name != null) {
        all.add(name);
      }
    }
    all.addAll(more);
    return new ArrayList<>(all);
  }
}
