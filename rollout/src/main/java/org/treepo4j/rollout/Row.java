package org.treepo4j.rollout;

import java.util.List;
import org.treepo4j.model.BranchingDecoder;

/**
 * One row of a decoder batch: paths that have all tokens in common so far, so that one row of
 * logits serves them all. They stay one row as long as they draw the same tokens, also from one
 * segment to the next.
 */
final class Row {
  /** No token of this row waits to be computed. */
  static final int NOTHING = -1;

  private final PromptRollout owner;
  private BranchingDecoder.Path keys;
  private List<ActivePath> paths;
  private List<FinishedPath> known;
  private int pending;

  /**
   * @param keys the decoder's path, without the pending token
   * @param pending the token drawn last, not yet computed, or {@link #NOTHING}
   * @param paths at least one
   * @param known finished paths that began as these did, so the decoder may hold what these draw
   *     next
   */
  Row(
      PromptRollout owner,
      BranchingDecoder.Path keys,
      int pending,
      List<ActivePath> paths,
      List<FinishedPath> known) {
    this.owner = owner;
    this.keys = keys;
    this.pending = pending;
    this.paths = paths;
    this.known = known;
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

  List<FinishedPath> known() {
    return known;
  }

  /** Whether the segment of these paths is; what one of them has drawn, all have. */
  boolean isComplete() {
    return paths.get(0).isComplete();
  }

  /** Lets go of the paths that drew another token than the first one, and returns them. */
  List<ActivePath> partOthers() {
    if (!haveParted()) {
      return List.of();
    }
    int token = paths.get(0).lastToken();
    List<ActivePath> others = paths.stream().filter(path -> path.lastToken() != token).toList();
    paths = paths.stream().filter(path -> path.lastToken() == token).toList();
    return others;
  }

  /** Lets go of all paths but the first one, and returns them. */
  List<ActivePath> partAll() {
    List<ActivePath> others = paths.subList(1, paths.size());
    paths = paths.subList(0, 1);
    return others;
  }

  private boolean haveParted() {
    int token = paths.get(0).lastToken();
    for (int i = 1; i < paths.size(); i++) {
      if (paths.get(i).lastToken() != token) {
        return true;
      }
    }
    return false;
  }

  /** The token the paths drew waits to be computed. */
  void await(int token) {
    pending = token;
    known = List.of();
  }

  /**
   * The token the paths drew was computed before: they go on behind it.
   *
   * @param stillKnown finished paths that drew it, too
   */
  void follow(BranchingDecoder.Path longer, List<FinishedPath> stillKnown) {
    keys = longer;
    pending = NOTHING;
    known = stillKnown;
  }
}
