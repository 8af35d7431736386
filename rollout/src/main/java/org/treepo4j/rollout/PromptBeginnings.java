package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.treepo4j.model.BranchingDecoder;

/**
 * Computes the prompts of a batch. What several of them begin with (a system prompt, worked
 * examples, a chat template) is computed with the first of them, forked for the others, and let go
 * of when the last one has begun.
 */
final class PromptBeginnings implements AutoCloseable {
  /** Tokens a beginning must save in all; a decoder's path of its own costs about as much. */
  private static final int WORTHWHILE = 16;

  private final BranchingDecoder decoder;
  private final List<int[]> prompts;

  /** The longest beginning each prompt shares, or null. */
  private final Beginning[] longest;

  private boolean sharing;
  private long computedTokens;

  /** The first {@code end} tokens of several prompts. */
  private static final class Beginning {
    private final Beginning shorter;
    private final int end;

    /** Prompts that have not begun. */
    private int waiting;

    /** Null while it is not held. */
    private BranchingDecoder.Path keys;

    Beginning(Beginning shorter, int end, int waiting) {
      this.shorter = shorter;
      this.end = end;
      this.waiting = waiting;
    }
  }

  /**
   * @param sharing false to compute every prompt alone
   */
  PromptBeginnings(BranchingDecoder decoder, List<RolloutPrompt> prompts, boolean sharing) {
    this.decoder = decoder;
    this.prompts = prompts.stream().map(RolloutPrompt::tokens).toList();
    this.sharing = sharing;
    longest = new Beginning[prompts.size()];
    if (sharing) {
      find(IntStream.range(0, prompts.size()).boxed().toList(), null);
    }
  }

  /** Finds the beginnings of prompts that all begin with a shorter one. */
  private void find(List<Integer> group, Beginning shorter) {
    if (group.size() < 2) {
      return;
    }
    int from = shorter == null ? 0 : shorter.end;
    int end = commonLength(group);
    Beginning found = shorter;
    if ((long) (end - from) * (group.size() - 1) >= WORTHWHILE) {
      found = new Beginning(shorter, end, group.size());
      for (int prompt : group) {
        longest[prompt] = found;
      }
    }
    Map<Integer, List<Integer>> byNext = new TreeMap<>();
    for (int prompt : group) {
      int[] tokens = prompts.get(prompt);
      if (tokens.length > end) {
        byNext.computeIfAbsent(tokens[end], token -> new ArrayList<>()).add(prompt);
      }
    }
    for (List<Integer> next : byNext.values()) {
      find(next, found);
    }
  }

  private int commonLength(List<Integer> group) {
    int[] first = prompts.get(group.get(0));
    int length = first.length;
    for (int prompt : group) {
      int[] tokens = prompts.get(prompt);
      int differs = Arrays.mismatch(first, 0, length, tokens, 0, tokens.length);
      length = differs < 0 ? length : Math.min(length, differs);
    }
    return length;
  }

  /**
   * A path that ends with a prompt, the caller's to release.
   *
   * @param prompt its place in the batch
   */
  BranchingDecoder.Path compute(int prompt) {
    int[] tokens = prompts.get(prompt);
    BranchingDecoder.Path keys = null;
    int length = 0;
    for (Beginning beginning : beginnings(prompt)) {
      if (beginning.keys == null && sharing && beginning.waiting > 1) {
        beginning.keys = longer(keys, tokens, length, beginning.end);
      }
      if (beginning.keys != null) {
        keys = beginning.keys;
        length = beginning.end;
      }
    }
    BranchingDecoder.Path whole = longer(keys, tokens, length, tokens.length);
    for (Beginning beginning : beginnings(prompt)) {
      beginning.waiting--;
      if (beginning.waiting == 0) {
        release(beginning);
      }
    }
    return whole;
  }

  private BranchingDecoder.Path longer(BranchingDecoder.Path keys, int[] tokens, int from, int to) {
    if (from == to) {
      return decoder.fork(keys, to);
    }
    int[] more = Arrays.copyOfRange(tokens, from, to);
    BranchingDecoder.Path longer =
        keys == null ? decoder.prefill(more) : decoder.prefill(keys, more);
    computedTokens += more.length;
    return longer;
  }

  /** A prompt whose path was computed will be computed again. */
  void putBack(int prompt) {
    beginnings(prompt).forEach(beginning -> beginning.waiting++);
  }

  /** Lets go of all beginnings, which are computed again when needed; false if none was held. */
  boolean makeRoom() {
    boolean any = false;
    for (int prompt = 0; prompt < longest.length; prompt++) {
      for (Beginning beginning : beginnings(prompt)) {
        any |= release(beginning);
      }
    }
    return any;
  }

  /** From now on every prompt is computed alone; false if that was so before. */
  boolean stopSharing() {
    boolean was = sharing;
    sharing = false;
    makeRoom();
    return was;
  }

  /** Tokens computed so far. */
  long computedTokens() {
    return computedTokens;
  }

  @Override
  public void close() {
    makeRoom();
  }

  private boolean release(Beginning beginning) {
    if (beginning.keys == null) {
      return false;
    }
    BranchingDecoder.Path keys = beginning.keys;
    beginning.keys = null;
    decoder.release(keys);
    return true;
  }

  /** The beginnings of a prompt, shortest first. */
  private List<Beginning> beginnings(int prompt) {
    List<Beginning> beginnings = new ArrayList<>();
    for (Beginning at = longest[prompt]; at != null; at = at.shorter) {
      beginnings.add(at);
    }
    Collections.reverse(beginnings);
    return beginnings;
  }
}
