package org.treepo4j.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** Byte-pair encoding: a piece's characters or bytes, joined by the ranks of the merges. */
final class BpeModel implements Model {
  /** Words remembered with their ids; a power of two. */
  private static final int CACHE_SLOTS = 1 << 16;

  private static final int LONGEST_CACHED = 64;
  private static final int DIRECT_CHARACTERS = 0x3000;
  private static final int BYTES = 256;

  /**
   * What a tokenizer file says about its BPE model.
   *
   * @param spellsBytes pieces come as text and are to be spelt in the {@link ByteAlphabet}
   * @param unknown the id for characters that are no token, or -1: they are dropped
   * @param fuseUnknown one unknown token for a run of unknown characters
   * @param byteFallback tokens {@code <0xNN>} for the bytes of unknown characters
   * @param wholeWords pieces that are tokens are not merged ({@code ignore_merges})
   * @param continuingPrefix put before every character but the first
   * @param endSuffix put after the last character
   */
  record Options(
      boolean spellsBytes,
      int unknown,
      boolean fuseUnknown,
      boolean byteFallback,
      boolean wholeWords,
      String continuingPrefix,
      String endSuffix) {}

  /** A word and its ids; immutable, so that racing threads see all of it or none. */
  private record Cached(String word, int[] ids) {}

  private final Vocabulary vocabulary;
  private final Merger merger;
  private final Options options;

  /** Ids of single characters below {@link #DIRECT_CHARACTERS}, or -1. */
  private final int[] characterIds = new int[DIRECT_CHARACTERS];

  /** Ids of {@code <0x00>} to {@code <0xFF>}, or -1. */
  private final int[] fallbackIds = new int[BYTES];

  private final Cached[] cache = new Cached[CACHE_SLOTS];
  private final boolean dropsCharacters;

  BpeModel(Vocabulary vocabulary, MergeTable merges, Options options) {
    this.vocabulary = vocabulary;
    this.merger = new Merger(merges);
    this.options = options;
    Arrays.fill(characterIds, -1);
    for (int id = 0; id < vocabulary.size(); id++) {
      String token = vocabulary.token(id);
      if (token != null && token.length() == 1 && token.charAt(0) < DIRECT_CHARACTERS) {
        characterIds[token.charAt(0)] = vocabulary.id(token);
      }
    }
    HexFormat hex = HexFormat.of().withUpperCase();
    for (int b = 0; b < BYTES; b++) {
      fallbackIds[b] = vocabulary.id("<0x" + hex.toHexDigits((byte) b) + ">");
    }
    dropsCharacters = !isComplete();
  }

  @Override
  public void tokenize(String text, int start, int end, IntList ids) {
    if (end - start > LONGEST_CACHED) {
      Word word = word(text.substring(start, end));
      ids.addAll(word.symbols, word.count);
      return;
    }
    int hash = 0;
    for (int i = start; i < end; i++) {
      hash = 31 * hash + text.charAt(i);
    }
    int slot = (hash ^ hash >>> 15) & (CACHE_SLOTS - 1);
    Cached cached = cache[slot];
    if (cached == null
        || cached.word.length() != end - start
        || !text.startsWith(cached.word, start)) {
      Word word = word(text.substring(start, end));
      cached = new Cached(text.substring(start, end), Arrays.copyOf(word.symbols, word.count));
      cache[slot] = cached;
    }
    ids.addAll(cached.ids);
  }

  /** The ids of a word, worked out. */
  private Word word(String piece) {
    String spelled = options.spellsBytes ? ByteAlphabet.spell(piece) : piece;
    Word word = new Word(spelled.length());
    int whole = options.wholeWords ? vocabulary.id(spelled) : -1;
    if (whole >= 0) {
      word.add(whole);
      return word;
    }
    int next;
    for (int at = 0; at < spelled.length(); at = next) {
      int c = spelled.codePointAt(at);
      next = at + Character.charCount(c);
      addCharacter(word, c, at == 0, next == spelled.length());
    }
    word.flushUnknown();
    word.count = merger.merge(word.symbols, word.count);
    return word;
  }

  private void addCharacter(Word word, int c, boolean first, boolean last) {
    int id = characterId(c, first, last);
    if (id >= 0) {
      word.flushUnknown();
      word.add(id);
      return;
    }
    if (options.byteFallback) {
      byte[] bytes = spelling(c, first, last).getBytes(StandardCharsets.UTF_8);
      if (haveTokens(bytes)) {
        for (byte b : bytes) {
          word.add(fallbackIds[b & 0xFF]);
        }
        return;
      }
    }
    if (options.unknown >= 0) {
      if (!options.fuseUnknown) {
        word.flushUnknown();
      }
      word.pendingUnknown = options.unknown;
    }
  }

  /** The id of a character at its place in a word, or -1. */
  private int characterId(int c, boolean first, boolean last) {
    boolean plain =
        (first || options.continuingPrefix.isEmpty()) && (!last || options.endSuffix.isEmpty());
    return plain && c < DIRECT_CHARACTERS
        ? characterIds[c]
        : vocabulary.id(spelling(c, first, last));
  }

  private String spelling(int c, boolean first, boolean last) {
    return (first ? "" : options.continuingPrefix)
        + Character.toString(c)
        + (last ? options.endSuffix : "");
  }

  private boolean haveTokens(byte[] bytes) {
    for (byte b : bytes) {
      if (fallbackIds[b & 0xFF] < 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean dropsCharacters() {
    return dropsCharacters;
  }

  @Override
  public void dropped(String text, int start, int end, IntConsumer codePoints) {
    String piece = text.substring(start, end);
    String spelled = options.spellsBytes ? ByteAlphabet.spell(piece) : piece;
    if (options.wholeWords && vocabulary.id(spelled) >= 0) {
      return;
    }
    int symbol = 0;
    int next;
    for (int at = 0; at < piece.length(); at = next) {
      int c = piece.codePointAt(at);
      next = at + Character.charCount(c);
      String character = piece.substring(at, next);
      int symbolsEnd =
          symbol + (options.spellsBytes ? ByteAlphabet.spell(character) : character).length();
      boolean known = true;
      while (symbol < symbolsEnd) {
        int s = spelled.codePointAt(symbol);
        int symbolEnd = symbol + Character.charCount(s);
        known &= isKnown(s, symbol == 0, symbolEnd == spelled.length());
        symbol = symbolEnd;
      }
      if (!known) {
        codePoints.accept(c);
      }
    }
  }

  /** Whether a character becomes a token or some, other than the unknown one. */
  private boolean isKnown(int c, boolean first, boolean last) {
    return characterId(c, first, last) >= 0
        || options.byteFallback
            && haveTokens(spelling(c, first, last).getBytes(StandardCharsets.UTF_8));
  }

  /** Whether something becomes of every character. */
  private boolean isComplete() {
    if (options.unknown >= 0) {
      return true;
    }
    if (options.byteFallback && Arrays.stream(fallbackIds).allMatch(id -> id >= 0)) {
      return true;
    }
    return options.spellsBytes
        && options.continuingPrefix.isEmpty()
        && options.endSuffix.isEmpty()
        && IntStream.range(0, BYTES).allMatch(b -> characterIds[ByteAlphabet.character(b)] >= 0);
  }

  /** Symbols being collected, with a run of unknown characters held back. */
  private static final class Word {
    private int[] symbols;
    private int count;
    private int pendingUnknown = -1;

    Word(int capacity) {
      this.symbols = new int[capacity];
    }

    void add(int id) {
      if (count == symbols.length) {
        symbols = Arrays.copyOf(symbols, 2 * count + 4);
      }
      symbols[count++] = id;
    }

    void flushUnknown() {
      if (pendingUnknown >= 0) {
        add(pendingUnknown);
        pendingUnknown = -1;
      }
    }
  }
}
