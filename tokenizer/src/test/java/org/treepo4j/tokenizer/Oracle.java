package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/**
 * The Rust tokenizers library on the same files as ours. Tests that need it are skipped where its
 * native library cannot be loaded.
 */
final class Oracle {
  private static final Map<Path, Oracle> OPEN = new HashMap<>();

  private final Tokenizer ours;
  private final HuggingFaceTokenizer theirs;

  private Oracle(Path folder) throws IOException {
    this.ours = Tokenizer.load(folder);
    this.theirs = open(folder.resolve("tokenizer.json"));
  }

  private static HuggingFaceTokenizer open(Path file) throws IOException {
    System.setProperty("ai.djl.offline", "true");
    try {
      return HuggingFaceTokenizer.newInstance(file, Map.of("truncation", "false"));
    } catch (LinkageError | IllegalStateException e) {
      Assumptions.abort("skipped: the oracle's native library cannot be loaded: " + e);
      throw e;
    }
  }

  /** Same ids with and without special tokens, same text from them. */
  static void compare(Path folder, String text) throws IOException {
    Oracle oracle = OPEN.get(folder);
    if (oracle == null) {
      oracle = new Oracle(folder);
      OPEN.put(folder, oracle);
    }
    oracle.compare(text);
  }

  /** As {@link #compare(Path, String)}, for a folder that is used only now. */
  static void compareOnce(Path folder, List<String> texts) throws IOException {
    Oracle oracle = new Oracle(folder);
    try (HuggingFaceTokenizer closed = oracle.theirs) {
      texts.forEach(oracle::compare);
    }
  }

  private void compare(String text) {
    for (boolean special : new boolean[] {false, true}) {
      long[] expected = theirs.encode(text, special, false).getIds();
      int[] ids = Arrays.stream(expected).mapToInt(Math::toIntExact).toArray();
      assertThat(ours.encode(text, special)).as(text).isEqualTo(ids);
      if (ids.length > 0) {
        assertThat(ours.decode(ids, true)).isEqualTo(theirs.decode(expected, false));
        assertThat(ours.decode(ids, false)).isEqualTo(theirs.decode(expected, true));
      }
    }
  }
}
