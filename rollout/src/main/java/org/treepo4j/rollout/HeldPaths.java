package org.treepo4j.rollout;

import java.util.ArrayList;
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

  /** As {@link BranchingDecoder#experts}. */
  short[] experts(BranchingDecoder.Path path) {
    return decoder.experts(path);
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
