package org.treepo4j.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** Byte-pair encoding: a piece's characters or bytes, joined by the ranks of the merges. */
final class BpeModel implements Model {
  /** Words remembered with their ids; a power of two. */
  private static final int CACHE_SLOTS = 1 << 16;

  private static final int LONGEST_CACHED = 64;
  private static final int DIRECT_CHARACTERS = 0x3000;

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
  private final int[] fallbackIds = new int[256];

  private final Cached[] cache = new Cached[CACHE_SLOTS];

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
    for (int b = 0; b < 256; b++) {
      fallbackIds[b] = vocabulary.id("<0x" + hex.toHexDigits((byte) b) + ">");
    }
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
    String prefix = first ? "" : options.continuingPrefix;
    String suffix = last ? options.endSuffix : "";
    int id =
        prefix.isEmpty() && suffix.isEmpty()
            ? characterId(c)
            : vocabulary.id(prefix + Character.toString(c) + suffix);
    if (id >= 0) {
      word.flushUnknown();
      word.add(id);
      return;
    }
    if (options.byteFallback && addBytes(word, prefix + Character.toString(c) + suffix)) {
      return;
    }
    if (options.unknown >= 0) {
      if (!options.fuseUnknown) {
        word.flushUnknown();
      }
      word.pendingUnknown = options.unknown;
    }
  }

  private int characterId(int c) {
    return c < DIRECT_CHARACTERS ? characterIds[c] : vocabulary.id(Character.toString(c));
  }

  /** Adds the byte tokens of a text, or nothing where one of them is missing. */
  private boolean addBytes(Word word, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (byte b : bytes) {
      if (fallbackIds[b & 0xFF] < 0) {
        return false;
      }
    }
    for (byte b : bytes) {
      word.add(fallbackIds[b & 0xFF]);
    }
    return true;
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
