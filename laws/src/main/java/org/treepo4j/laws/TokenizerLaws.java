package org.treepo4j.laws;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.treepo4j.tokenizer.StreamingDecoder;
import org.treepo4j.tokenizer.Tokenizer;

/** What must hold of a tokenizer; a test implements {@link #tokenizer}. */
public interface TokenizerLaws {

  /** The tokenizer under test. */
  Tokenizer tokenizer();

  /** What decoding gives back of a text; a tokenizer that normalises changes it. */
  default String restored(String text) {
    return text;
  }

  /** Texts that the tokenizer is made for; by default any. */
  @Provide
  default Arbitrary<String> texts() {
    return Samples.texts();
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  default void decodingGivesBackWhatWasEncoded(@ForAll("texts") String text) {
    assertThat(tokenizer().decode(tokenizer().encode(text), true)).isEqualTo(restored(text));
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  default void everyIdIsAToken(@ForAll("texts") String text) {
    for (int id : tokenizer().encode(text)) {
      assertThat(id).isBetween(0, tokenizer().vocabSize() - 1);
      assertThat(tokenizer().hasToken(id)).as("id %s has a token", id).isTrue();
      assertThat(tokenizer().id(tokenizer().token(id))).hasValue(id);
    }
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  default void theJoinedStreamIsTheWholeText(@ForAll("texts") String text) {
    int[] ids = tokenizer().encode(text);
    StreamingDecoder stream = tokenizer().streamingDecoder(true);
    StringBuilder joined = new StringBuilder();
    for (int id : ids) {
      joined.append(stream.append(id));
    }
    joined.append(stream.finish());
    assertThat(joined.toString()).isEqualTo(tokenizer().decode(ids, true));
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  default void specialTokensStandAroundTheSameIds(@ForAll("texts") String text) {
    int[] plain = tokenizer().encode(text);
    int[] framed = tokenizer().encode(text, true);
    int more = framed.length - plain.length;
    assertThat(more).isNotNegative();
    boolean inside = false;
    for (int from = 0; from <= more; from++) {
      inside |= Arrays.equals(plain, Arrays.copyOfRange(framed, from, from + plain.length));
    }
    assertThat(inside).as("%s holds %s", Arrays.toString(framed), Arrays.toString(plain)).isTrue();
  }
}
