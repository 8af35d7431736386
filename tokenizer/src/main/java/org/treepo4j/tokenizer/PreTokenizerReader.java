package org.treepo4j.tokenizer;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.tokenizer.regex.CodePointSet;
import org.treepo4j.tokenizer.regex.Regex;
import org.treepo4j.tokenizer.regex.UnicodeSets;

/** Reads the {@code pre_tokenizer} of a tokenizer file. */
final class PreTokenizerReader {
  /** GPT-2's pattern, built into ByteLevel. */
  static final String GPT2_PATTERN =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

  /** Puts a space before every piece that has none. */
  static final PreTokenizer PREFIX_SPACE =
      (text, start, end, first, pieces) -> {
        if (text.charAt(start) == ' ') {
          pieces.piece(text, start, end, first);
        } else {
          pieces.piece(" " + text.substring(start, end), 0, end - start + 1, first);
        }
      };

  private static final PreTokenizer GPT2_SPLIT =
      SplitBehavior.ISOLATED.at(Regex.compile(GPT2_PATTERN)::findAll, false);

  /** Unicode's punctuation and the ASCII symbols that count as such. */
  private static final CodePointSet PUNCTUATION =
      CodePointSet.union(UnicodeSets.PUNCTUATION, "$+<=>^`|~");

  private static final List<CodePointSet> WORDS =
      List.of(UnicodeSets.WORD, UnicodeSets.NEITHER_WORD_NOR_SPACE);

  private final List<PreTokenizer> stages = new ArrayList<>();
  private boolean spellsBytes;

  private PreTokenizerReader() {}

  /**
   * A pre-tokenizer.
   *
   * @param stages cuts the text
   * @param spellsBytes whether pieces then are to be spelt in the {@link ByteAlphabet}: the usual
   *     last stage, left to the model, which can take the bytes as they are
   */
  record Result(PreTokenizer stages, boolean spellsBytes) {}

  static Result read(Section section) throws TokenizerException {
    PreTokenizerReader reader = new PreTokenizerReader();
    reader.add(section);
    return new Result(
        reader.stages.isEmpty() ? PreTokenizer.NONE : PreTokenizer.sequence(reader.stages),
        reader.spellsBytes);
  }

  private void add(Section section) throws TokenizerException {
    String type = section.text("type");
    if (type.equals("Sequence")) {
      for (Section each : section.children("pretokenizers")) {
        add(each);
      }
      return;
    }
    if (spellsBytes) {
      stages.add(
          (text, start, end, first, pieces) -> {
            String spelled = ByteAlphabet.spell(text.substring(start, end));
            pieces.piece(spelled, 0, spelled.length(), first);
          });
      spellsBytes = false;
    }
    switch (type) {
      case "ByteLevel" -> addByteLevel(section);
      case "Split" ->
          stages.add(
              SplitBehavior.named(section, "behavior", null)
                  .at(section.finder("pattern"), section.flag("invert", false)));
      case "Digits" ->
          stages.add(
              (section.flag("individual_digits", false)
                      ? SplitBehavior.ISOLATED
                      : SplitBehavior.CONTIGUOUS)
                  .at(TextFinder.characters(UnicodeSets.NUMBER), false));
      case "Metaspace" -> stages.add(metaspace(section));
      case "Punctuation" ->
          stages.add(
              SplitBehavior.named(section, "behavior", SplitBehavior.ISOLATED)
                  .at(TextFinder.characters(PUNCTUATION), false));
      case "Whitespace" -> stages.add(SplitBehavior.REMOVED.at(TextFinder.runs(WORDS), true));
      case "WhitespaceSplit" -> stages.add(whitespaceSplit());
      case "BertPreTokenizer" -> {
        stages.add(whitespaceSplit());
        stages.add(SplitBehavior.ISOLATED.at(TextFinder.characters(PUNCTUATION), false));
      }
      case "CharDelimiterSplit" ->
          stages.add(
              SplitBehavior.REMOVED.at(
                  TextFinder.literal(Character.toString(section.character("delimiter", ' '))),
                  false));
      default -> throw section.unsupported("pre-tokenizer " + type);
    }
  }

  private static PreTokenizer whitespaceSplit() {
    return SplitBehavior.REMOVED.at(TextFinder.characters(UnicodeSets.WHITE_SPACE), false);
  }

  private void addByteLevel(Section section) throws TokenizerException {
    if (section.flag("add_prefix_space", true)) {
      stages.add(PREFIX_SPACE);
    }
    if (section.flag("use_regex", true)) {
      stages.add(GPT2_SPLIT);
    }
    spellsBytes = true;
  }

  /** SentencePiece's visible space, put in front always, only where the text begins, or never. */
  private static PreTokenizer metaspace(Section section) throws TokenizerException {
    String mark = Character.toString(section.character("replacement", '▁'));
    String scheme =
        section.text("prepend_scheme", section.flag("add_prefix_space", true) ? "always" : "never");
    if (!List.of("always", "first", "never").contains(scheme)) {
      throw section.unsupported("prepend_scheme '" + scheme + "'");
    }
    PreTokenizer split =
        section.flag("split", true)
            ? SplitBehavior.MERGED_WITH_NEXT.at(TextFinder.literal(mark), false)
            : PreTokenizer.NONE;
    return (text, start, end, first, pieces) -> {
      String marked = text.substring(start, end).replace(" ", mark);
      boolean wanted = scheme.equals("always") || (scheme.equals("first") && first);
      if (wanted && !marked.startsWith(mark)) {
        marked = mark + marked;
      }
      split.split(marked, 0, marked.length(), first, pieces);
    };
  }
}
