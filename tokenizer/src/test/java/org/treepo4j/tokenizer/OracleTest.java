package org.treepo4j.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
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

  @Provide
  Arbitrary<String> texts() {
    return TextArbitraries.texts();
  }
}
