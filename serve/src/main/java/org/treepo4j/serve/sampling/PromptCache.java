package org.treepo4j.serve.sampling;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import org.treepo4j.model.BranchingDecoder;

/**
 * Paths of prompts and answers that were computed lately, so that what begins like one of them is
 * forked instead of computed: the same system prompt, the next turn of a conversation. The least
 * recently used are let go of when the decoder needs their memory.
 *
 * <p>Only whole units of tokens are shared. Engines sum attention over the pieces that their cache
 * is made of; with borders at whole units only, a shared prompt is summed up in the same order as
 * one computed alone, so sharing does not change a bit of the answer.
 */
final class PromptCache implements AutoCloseable {
  /** A multiple of the vector engine's panels. */
  static final int UNIT = 64;

  private final BranchingDecoder decoder;
  private final int maxEntries;

  /** Most recently used first. */
  private final Deque<Entry> entries = new ArrayDeque<>();

  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  private record Entry(int[] tokens, BranchingDecoder.Path keys) {}

  PromptCache(BranchingDecoder decoder, int maxEntries) {
    this.decoder = decoder;
    this.maxEntries = maxEntries;
  }

  int size() {
    return entries.size();
  }

  /** How many tokens at the beginning of a prompt need not be computed. */
  int sharedLength(int[] prompt) {
    return wholeUnits(common(prompt, longest(prompt)));
  }

  /** A fork of the longest beginning of a prompt that is held, the caller's to release; or null. */
  BranchingDecoder.Path fork(int[] prompt) {
    Entry entry = longest(prompt);
    int length = wholeUnits(common(prompt, entry));
    if (length == 0) {
      return null;
    }
    entries.remove(entry);
    entries.addFirst(entry);
    return decoder.fork(entry.keys, length);
  }

  /** Takes a path over that ends with these tokens. */
  void keep(int[] tokens, BranchingDecoder.Path keys) {
    for (Iterator<Entry> all = entries.iterator(); all.hasNext(); ) {
      Entry entry = all.next();
      int common = common(tokens, entry);
      if (common == tokens.length) {
        decoder.release(keys); // another holds all of it
        return;
      }
      if (common == entry.tokens.length) {
        all.remove();
        decoder.release(entry.keys);
      }
    }
    entries.addFirst(new Entry(tokens, keys));
    if (entries.size() > maxEntries) {
      makeRoom();
    }
  }

  /** Lets go of the least recently used path; false if there is none. */
  boolean makeRoom() {
    Entry last = entries.pollLast();
    if (last == null) {
      return false;
    }
    decoder.release(last.keys);
    return true;
  }

  @Override
  public void close() {
    while (makeRoom()) {
      // until all are released
    }
  }

  private Entry longest(int[] prompt) {
    Entry best = null;
    for (Entry entry : entries) {
      if (common(prompt, entry) > common(prompt, best)) {
        best = entry;
      }
    }
    return best;
  }

  private static int common(int[] prompt, Entry entry) {
    return entry == null ? 0 : commonLength(prompt, entry.tokens);
  }

  /** Tokens that may be shared of what two sequences begin with alike. */
  static int sharedLength(int[] a, int[] b) {
    return wholeUnits(commonLength(a, b));
  }

  private static int wholeUnits(int length) {
    return length / UNIT * UNIT;
  }

  private static int commonLength(int[] a, int[] b) {
    int differs = Arrays.mismatch(a, b);
    return differs < 0 ? a.length : differs;
  }
}
