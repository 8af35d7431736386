package org.treepo4j.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import org.treepo4j.testsupport.SharedData;

/** The Rust tokenizers library, reading the same file, gives the same ids and the same text. */
class OracleTest {
  private static final Map<TokenizerVariants, Path> FOLDERS =
      new EnumMap<>(TokenizerVariants.class);

  @Property(tries = 2000)
  void sameIdsAndTextAsTheOracle(@ForAll TokenizerVariants variant, @ForAll("texts") String text)
      throws IOException {
    Path folder = FOLDERS.get(variant);
    if (folder == null) {
      folder = Files.createTempDirectory("variant");
      variant.writeTo(folder);
      FOLDERS.put(variant, folder);
    }
    Oracle.compare(folder, text);
  }

  @Property(tries = 400)
  void sameIdsWithTheFullQwen2Vocabulary(@ForAll("texts") String text) throws IOException {
    Oracle.compare(SharedData.require("qwen2-tokenizer"), text);
  }

  /** One seed: on some senseless files the oracle aborts the whole process. */
  @Property(tries = 600, shrinking = ShrinkingMode.OFF, seed = "6")
  void sameIdsAndTextWithRandomStages(
      @ForAll("files") String file, @ForAll("texts") String first, @ForAll("texts") String second)
      throws IOException {
    Path folder = Files.createTempDirectory("stages");
    Files.writeString(folder.resolve("tokenizer.json"), file);
    Oracle.compareOnce(folder, List.of(known(file, first), known(file, second)));
    Files.delete(folder.resolve("tokenizer.json"));
    Files.delete(folder);
  }

  /** The oracle's own table of punctuation is that of Unicode 8; ours knows younger characters. */
  private static String known(String file, String text) {
    boolean asksForPunctuation =
        file.contains("\"Punctuation\"") || file.contains("\"BertPreTokenizer\"");
    return asksForPunctuation
        ? text.codePoints()
            .filter(c -> c < 0x600 || Character.isLetter(c))
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString()
        : text;
  }

  @Provide
  Arbitrary<String> texts() {
    return TextArbitraries.texts();
  }

  @Provide
  Arbitrary<String> files() {
    return RandomPipelines.files();
  }
}
