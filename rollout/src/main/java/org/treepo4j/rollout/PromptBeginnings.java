package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CacheFullException;

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

  /** Tokens computed for each prompt; those of a beginning with the first that needed it. */
  private final long[] computedTokens;

  private boolean sharing;

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
    computedTokens = new long[prompts.size()];
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
   * Paths that end with prompts, the caller's to release; what the prompts do not share is computed
   * as one batch.
   *
   * @param chosen their places in the batch
   * @throws CacheFullException when there is no room for them; none has begun then
   */
  List<BranchingDecoder.Path> compute(List<Integer> chosen) {
    List<BranchingDecoder.Prompt> rests = new ArrayList<>();
    BranchingDecoder.Path[] paths = new BranchingDecoder.Path[chosen.size()];
    List<BranchingDecoder.Path> made = new ArrayList<>();
    try {
      for (int i = 0; i < paths.length; i++) {
        int[] tokens = prompts.get(chosen.get(i));
        Beginning held = hold(chosen.get(i));
        int length = held == null ? 0 : held.end;
        if (length == tokens.length) {
          paths[i] = decoder.fork(held.keys, length);
          made.add(paths[i]);
        } else {
          int[] rest = Arrays.copyOfRange(tokens, length, tokens.length);
          rests.add(new BranchingDecoder.Prompt(held == null ? null : held.keys, rest));
        }
      }
      Iterator<BranchingDecoder.Path> computed = decoder.prefill(rests).iterator();
      Iterator<BranchingDecoder.Prompt> rest = rests.iterator();
      for (int i = 0; i < paths.length; i++) {
        if (paths[i] == null) {
          paths[i] = computed.next();
          computedTokens[chosen.get(i)] += rest.next().tokens().length;
        }
      }
    } catch (RuntimeException e) {
      made.forEach(decoder::release);
      throw e;
    }
    chosen.forEach(this::begun);
    return List.of(paths);
  }

  /**
   * Computes the beginnings of a prompt that others wait for; the longest that is held, or null.
   */
  private Beginning hold(int prompt) {
    Beginning held = null;
    for (Beginning beginning : beginnings(prompt)) {
      if (beginning.keys == null && sharing && beginning.waiting > 1) {
        int from = held == null ? 0 : held.end;
        int[] more = Arrays.copyOfRange(prompts.get(prompt), from, beginning.end);
        beginning.keys = decoder.prefill(held == null ? null : held.keys, more);
        computedTokens[prompt] += more.length;
      }
      held = beginning.keys == null ? held : beginning;
    }
    return held;
  }

  private void begun(int prompt) {
    for (Beginning beginning : beginnings(prompt)) {
      beginning.waiting--;
      if (beginning.waiting == 0) {
        release(beginning);
      }
    }
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

  /** Tokens computed so far for a prompt. */
  long computedTokens(int prompt) {
    return computedTokens[prompt];
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
