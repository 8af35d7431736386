package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.HeadShape.PANEL;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A node of the decoder's token tree: consecutive tokens whose keys and values all paths below
 * share. It lives as long as a path ends in it or a chunk hangs from it, and keeps no more tokens
 * than those need.
 */
final class KvChunk {
  private final KvCache cache;
  private final KvChunk parent;

  /** Tokens of the parent that are ancestors of this chunk. */
  private final int parentLength;

  /** Tokens before this chunk on its path. */
  private final int start;

  private final List<KvBlock> blocks = new ArrayList<>();
  private final List<KvChunk> children = new ArrayList<>();
  private final List<VectorPath> paths = new ArrayList<>();
  private int length;
  private int[] tokens = new int[KvBlock.SMALLEST];

  /** Experts of its tokens, {@code [tokens × layers × perToken]}; empty in dense models. */
  private short[] experts = new short[0];

  /** Tokens from the beginning that were computed as a prompt, in pieces. */
  private int prefilled;

  /** Marks and links of {@link BatchPlan}, valid during one plan. */
  final PlanNode plan = new PlanNode();

  /** What a plan notes about a chunk. */
  static final class PlanNode {
    long stamp;
    KvChunk firstChild;
    KvChunk nextSibling;
    int firstInput;

    /** Of the path whose tokens the plan adds to the chunk; null without linear layers. */
    DeltaState state;
  }

  private KvChunk(KvCache cache, KvChunk parent, int parentLength) {
    this.cache = cache;
    this.parent = parent;
    this.parentLength = parentLength;
    this.start = parent == null ? 0 : parent.start + parentLength;
  }

  static KvChunk root(KvCache cache) {
    return new KvChunk(cache, null, 0);
  }

  /** A new chunk behind the first {@code length} tokens of this one. */
  KvChunk branch(int at) {
    KvChunk child = new KvChunk(cache, this, at);
    children.add(child);
    return child;
  }

  KvChunk parent() {
    return parent;
  }

  int parentLength() {
    return parentLength;
  }

  int start() {
    return start;
  }

  int length() {
    return length;
  }

  KvBlock block(int index) {
    return blocks.get(index / PANEL);
  }

  /** Capacity that one more token would add. */
  int growth() {
    if (length < capacity()) {
      return 0;
    }
    KvBlock last = blocks.isEmpty() ? null : blocks.get(blocks.size() - 1);
    return last == null || last.capacity() == PANEL ? KvBlock.SMALLEST : last.capacity();
  }

  /** A token, by its index. */
  int token(int index) {
    return tokens[index];
  }

  /** Notes the experts that a token goes to in one layer. */
  void keepExperts(int index, int layer, int layers, short[] chosen, int from, int count) {
    int size = (index + 1) * layers * count;
    if (experts.length < size) {
      experts = Arrays.copyOf(experts, Math.max(size, 2 * experts.length));
    }
    System.arraycopy(chosen, from, experts, (index * layers + layer) * count, count);
  }

  short[] experts() {
    return experts;
  }

  int prefilled() {
    return prefilled;
  }

  List<VectorPath> paths() {
    return paths;
  }

  /** Makes room for one more token and returns its index. */
  int grow(int token) {
    if (length == capacity()) {
      int last = blocks.size() - 1;
      if (last < 0 || blocks.get(last).capacity() == PANEL) {
        blocks.add(cache.take(KvBlock.SMALLEST));
      } else {
        KvBlock small = blocks.get(last);
        KvBlock large = cache.take(2 * small.capacity());
        large.copyFrom(small);
        blocks.set(last, large);
        cache.giveBack(small);
      }
    }
    cache.countTokens(1);
    if (length == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * length);
    }
    tokens[length] = token;
    return length++;
  }

  /** Makes room for a whole prompt at once; the chunk must be empty. */
  void reserve(int count) {
    for (int from = 0; from < count; from += PANEL) {
      blocks.add(cache.take(KvBlock.capacityFor(count - from)));
    }
    prefilled = count;
  }

  private int capacity() {
    int last = blocks.size() - 1;
    return last < 0 ? 0 : last * PANEL + blocks.get(last).capacity();
  }

  void attach(VectorPath path) {
    paths.add(path);
  }

  /** Lets go of a path and frees what nothing needs any more. */
  void detach(VectorPath path) {
    paths.remove(path);
    trim();
  }

  private void trim() {
    int needed = 0;
    for (VectorPath path : paths) {
      needed = Math.max(needed, path.lengthInChunk());
    }
    for (KvChunk child : children) {
      needed = Math.max(needed, child.parentLength);
    }
    cache.countTokens(Math.min(0, needed - length));
    length = Math.min(length, needed);
    prefilled = Math.min(prefilled, length);
    cache.trimmed(this, length);
    while (blocks.size() * PANEL - PANEL >= length && !blocks.isEmpty()) {
      cache.giveBack(blocks.remove(blocks.size() - 1));
    }
    if (paths.isEmpty() && children.isEmpty() && parent != null) {
      parent.children.remove(this);
      parent.trim();
    }
  }
}
