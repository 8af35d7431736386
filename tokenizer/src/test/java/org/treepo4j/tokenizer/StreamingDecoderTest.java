package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamingDecoderTest {
  private static final Map<TokenizerVariants, Tokenizer> TOKENIZERS =
      new EnumMap<>(TokenizerVariants.class);

  private static Tokenizer tokenizer(TokenizerVariants variant) throws IOException {
    Tokenizer tokenizer = TOKENIZERS.get(variant);
    if (tokenizer == null) {
      Path folder = Files.createTempDirectory("variant");
      variant.writeTo(folder);
      tokenizer = Tokenizer.load(folder);
      TOKENIZERS.put(variant, tokenizer);
    }
    return tokenizer;
  }

  @Property(tries = 1000)
  void piecesJoinedAreTheDecodedText(
      @ForAll TokenizerVariants variant,
      @ForAll @Size(max = 40) List<@IntRange(max = 2010) Integer> ids,
      @ForAll boolean keepSpecialTokens)
      throws IOException {
    Tokenizer tokenizer = tokenizer(variant);
    StreamingDecoder stream = tokenizer.streamingDecoder(keepSpecialTokens);
    StringBuilder joined = new StringBuilder();
    for (int id : ids) {
      String piece = stream.append(id);
      assertThat(piece).satisfies(StreamingDecoderTest::hasWholeCharacters);
      joined.append(piece);
    }
    joined.append(stream.finish());
    int[] array = ids.stream().mapToInt(Integer::intValue).toArray();
    assertThat(joined.toString()).isEqualTo(tokenizer.decode(array, keepSpecialTokens));
  }

  private static void hasWholeCharacters(String piece) {
    if (!piece.isEmpty()) {
      assertThat(Character.isLowSurrogate(piece.charAt(0))).isFalse();
      assertThat(Character.isHighSurrogate(piece.charAt(piece.length() - 1))).isFalse();
    }
  }

  @Test
  void aCharacterComesWhenItsLastByteDoes(@TempDir Path folder) throws IOException {
    new TokenizerTrainer(SpecialTokenNames.BYTE_LEVEL).trainByteLevel(List.of("a a"), 300, folder);
    Tokenizer tokenizer = Tokenizer.load(folder);
    int[] ids = tokenizer.encode("🦙");
    assertThat(ids.length).isGreaterThan(1);
    StreamingDecoder stream = tokenizer.streamingDecoder(false);
    for (int i = 0; i < ids.length - 1; i++) {
      assertThat(stream.append(ids[i])).isEmpty();
    }
    assertThat(stream.append(ids[ids.length - 1])).isEqualTo("🦙");
    StreamingDecoder cut = tokenizer.streamingDecoder(false);
    Arrays.stream(ids, 0, ids.length - 1).forEach(cut::append);
    assertThat(cut.finish()).isEqualTo("\uFFFD");
  }
}
