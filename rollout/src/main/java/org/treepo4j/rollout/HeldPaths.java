package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.treepo4j.model.BranchingDecoder;

/** The decoder's paths one prompt holds; closing releases what is left, whatever happened. */
final class HeldPaths implements AutoCloseable {
  private final BranchingDecoder decoder;
  private final Set<BranchingDecoder.Path> held =
      Collections.newSetFromMap(new IdentityHashMap<>());

  HeldPaths(BranchingDecoder decoder) {
    this.decoder = decoder;
  }

  /** Takes a path of the decoder over. */
  BranchingDecoder.Path hold(BranchingDecoder.Path path) {
    held.add(path);
    return path;
  }

  BranchingDecoder.Path fork(BranchingDecoder.Path path, int length) {
    return hold(decoder.fork(path, length));
  }

  /**
   * Experts of so many tokens from the beginning of a path, as {@link BranchingDecoder#experts}; −1
   * for those behind its end.
   */
  short[] experts(BranchingDecoder.Path path, int tokens) {
    short[] known = decoder.experts(path);
    int perToken = known.length / path.length();
    short[] experts = Arrays.copyOf(known, tokens * perToken);
    if (known.length < experts.length) {
      Arrays.fill(experts, known.length, experts.length, (short) -1);
    }
    return experts;
  }

  void release(BranchingDecoder.Path path) {
    if (held.remove(path)) {
      decoder.release(path);
    }
  }

  /** Releases all; the first failure is thrown after the rest were tried. */
  @Override
  public void close() {
    List<BranchingDecoder.Path> rest = new ArrayList<>(held);
    held.clear();
    RuntimeException failure = null;
    for (BranchingDecoder.Path path : rest) {
      try {
        decoder.release(path);
      } catch (RuntimeException e) {
        failure = failure == null ? e : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
