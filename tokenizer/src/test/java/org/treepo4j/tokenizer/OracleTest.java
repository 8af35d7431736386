package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Assumptions;
import org.treepo4j.testsupport.SharedData;

/** The Rust tokenizers library, reading the same file, gives the same ids and the same text. */
class OracleTest {
  private static final Map<TokenizerVariants, Pair> PAIRS = new EnumMap<>(TokenizerVariants.class);

  private record Pair(Tokenizer ours, HuggingFaceTokenizer oracle) {
    static Pair open(Path folder) throws IOException {
      return new Pair(Tokenizer.load(folder), oracle(folder.resolve("tokenizer.json")));
    }

    private static HuggingFaceTokenizer oracle(Path file) throws IOException {
      System.setProperty("ai.djl.offline", "true");
      try {
        return HuggingFaceTokenizer.newInstance(file, Map.of("truncation", "false"));
      } catch (LinkageError | IllegalStateException e) {
        Assumptions.abort("skipped: the oracle's native library cannot be loaded: " + e);
        throw e;
      }
    }

    void compare(String text) {
      for (boolean special : new boolean[] {false, true}) {
        long[] expected = oracle.encode(text, special, false).getIds();
        int[] ids = Arrays.stream(expected).mapToInt(Math::toIntExact).toArray();
        assertThat(ours.encode(text, special)).as(text).isEqualTo(ids);
        if (ids.length > 0) {
          assertThat(ours.decode(ids, true)).isEqualTo(oracle.decode(expected, false));
          assertThat(ours.decode(ids, false)).isEqualTo(oracle.decode(expected, true));
        }
      }
    }
  }

  private static Pair pair(TokenizerVariants variant) throws IOException {
    Pair pair = PAIRS.get(variant);
    if (pair == null) {
      Path folder = Files.createTempDirectory("variant");
      variant.writeTo(folder);
      pair = Pair.open(folder);
      PAIRS.put(variant, pair);
    }
    return pair;
  }

  @AfterContainer
  static void close() {
    PAIRS.values().forEach(pair -> pair.oracle().close());
    PAIRS.clear();
  }

  @Property(tries = 2000)
  void sameIdsAndTextAsTheOracle(@ForAll TokenizerVariants variant, @ForAll("texts") String text)
      throws IOException {
    pair(variant).compare(text);
  }

  @Property(tries = 400)
  void sameIdsWithTheFullQwen2Vocabulary(@ForAll("texts") String text) throws IOException {
    qwen2().compare(text);
  }

  private static Pair qwen2;

  private static Pair qwen2() throws IOException {
    if (qwen2 == null) {
      qwen2 = Pair.open(SharedData.require("qwen2-tokenizer"));
    }
    return qwen2;
  }

  @Provide
  Arbitrary<String> texts() {
    return TextArbitraries.texts();
  }
}
