package org.treepo4j.rollout;

import java.util.List;
import org.treepo4j.model.BranchingDecoder;

/**
 * One row of a decoder batch: paths that have all tokens in common so far, so that one row of
 * logits serves them all. Only a row that has just branched holds more than one.
 */
final class Row {
  /** No token of this row waits to be computed. */
  static final int NOTHING = -1;

  private final PromptRollout owner;
  private final BranchingDecoder.Path keys;
  private final List<ActivePath> paths;
  private int pending;

  /**
   * @param keys the decoder's path, without the pending token
   * @param pending the token sampled last, not yet computed, or {@link #NOTHING}
   */
  Row(PromptRollout owner, BranchingDecoder.Path keys, int pending, List<ActivePath> paths) {
    this.owner = owner;
    this.keys = keys;
    this.pending = pending;
    this.paths = paths;
  }

  PromptRollout owner() {
    return owner;
  }

  BranchingDecoder.Path keys() {
    return keys;
  }

  List<ActivePath> paths() {
    return paths;
  }

  int pending() {
    return pending;
  }

  void setPending(int token) {
    pending = token;
  }
}
