package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.CudaCache.BLOCK;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.BranchingDecoder;

/**
 * A node of the decoder's token tree: consecutive tokens whose keys and values all paths below
 * share. It lives as long as a path ends in it or a chunk hangs from it, and keeps no more tokens
 * than those need.
 */
final class CudaChunk {
  private final CudaCache cache;
  private final CudaChunk parent;

  /** Tokens of the parent that are ancestors of this chunk. */
  private final int parentLength;

  /** Tokens before this chunk on its path, and where those are. */
  private final int start;

  private final Runs before;
  private final List<Integer> blocks = new ArrayList<>();
  private final List<CudaChunk> children = new ArrayList<>();
  private final List<CudaPath> paths = new ArrayList<>();
  private int length;

  /** Number of the chunk in a step, and the step that numbered it. */
  int number;

  long step;

  /** A path of the decoder: a chunk and how much of it belongs to the path. */
  static final class CudaPath implements BranchingDecoder.Path {
    private final CudaDecoder decoder;
    private CudaChunk chunk;
    private int lengthInChunk;

    CudaPath(CudaDecoder decoder, CudaChunk chunk, int lengthInChunk) {
      this.decoder = decoder;
      this.chunk = chunk;
      this.lengthInChunk = lengthInChunk;
      chunk.paths.add(this);
    }

    @Override
    public int length() {
      return chunk == null ? 0 : chunk.start + lengthInChunk;
    }

    CudaDecoder decoder() {
      return decoder;
    }

    /** Null once released. */
    CudaChunk chunk() {
      return chunk;
    }

    int lengthInChunk() {
      return lengthInChunk;
    }

    /** Whether the next token may go behind the chunk's last. */
    boolean isAtEnd() {
      return lengthInChunk == chunk.length;
    }

    /** Continues in a chunk of its own. */
    void branch() {
      CudaChunk old = chunk;
      chunk = old.branch(lengthInChunk);
      lengthInChunk = 0;
      chunk.paths.add(this);
      old.detach(this);
    }

    /** Takes one more token into the chunk. */
    void grow() {
      chunk.grow();
      lengthInChunk = chunk.length;
    }

    /** Where the last token's keys, values and hidden state are. */
    int slot() {
      return chunk.slot(lengthInChunk - 1);
    }

    void release() {
      CudaChunk old = chunk;
      chunk = null;
      old.detach(this);
    }
  }

  /** Runs of consecutive slots: the first of each, and the tokens up to its end. */
  static final class Runs {
    private int[] slots = new int[4];
    private int[] ends = new int[4];
    private int count;

    private Runs() {}

    private Runs(Runs other) {
      slots = other.slots.clone();
      ends = other.ends.clone();
      count = other.count;
    }

    int count() {
      return count;
    }

    int slot(int run) {
      return slots[run];
    }

    int end(int run) {
      return ends[run];
    }

    private void add(int slot, int tokens) {
      int at = count == 0 ? 0 : ends[count - 1];
      int from = count < 2 ? 0 : ends[count - 2];
      if (count > 0 && slots[count - 1] + at - from == slot) {
        ends[count - 1] += tokens;
        return;
      }
      if (count == slots.length) {
        slots = Arrays.copyOf(slots, 2 * count);
        ends = Arrays.copyOf(ends, 2 * count);
      }
      slots[count] = slot;
      ends[count++] = at + tokens;
    }
  }

  private CudaChunk(CudaCache cache, CudaChunk parent, int parentLength) {
    this.cache = cache;
    this.parent = parent;
    this.parentLength = parentLength;
    this.start = parent == null ? 0 : parent.start + parentLength;
    this.before = parent == null ? new Runs() : parent.runs(parentLength);
  }

  static CudaChunk root(CudaCache cache) {
    return new CudaChunk(cache, null, 0);
  }

  /** A new chunk behind the first tokens of this one. */
  CudaChunk branch(int at) {
    CudaChunk child = new CudaChunk(cache, this, at);
    children.add(child);
    return child;
  }

  CudaChunk parent() {
    return parent;
  }

  int start() {
    return start;
  }

  /** Where the tokens of the path through {@code count} tokens of this chunk are. */
  Runs runs(int count) {
    Runs runs = new Runs(before);
    for (int from = 0; from < count; from += BLOCK) {
      runs.add(blocks.get(from / BLOCK) * BLOCK, Math.min(BLOCK, count - from));
    }
    return runs;
  }

  int slot(int index) {
    return blocks.get(index / BLOCK) * BLOCK + index % BLOCK;
  }

  /** Blocks that so many more tokens would take. */
  int growth(int tokens) {
    return Math.max(0, (length + tokens + BLOCK - 1) / BLOCK - blocks.size());
  }

  private void grow() {
    if (length == blocks.size() * BLOCK) {
      blocks.add(cache.take());
    }
    length++;
    cache.countTokens(1);
  }

  int length() {
    return length;
  }

  /** Lets go of a path and frees what nothing needs any more. */
  private void detach(CudaPath path) {
    paths.remove(path);
    trim();
  }

  private void trim() {
    int needed = 0;
    for (CudaPath path : paths) {
      needed = Math.max(needed, path.lengthInChunk);
    }
    for (CudaChunk child : children) {
      needed = Math.max(needed, child.parentLength);
    }
    cache.countTokens(Math.min(0, needed - length));
    length = Math.min(length, needed);
    while (blocks.size() * BLOCK - BLOCK >= length && !blocks.isEmpty()) {
      cache.giveBack(blocks.remove(blocks.size() - 1));
    }
    if (paths.isEmpty() && children.isEmpty() && parent != null) {
      parent.children.remove(this);
      parent.trim();
    }
  }
}
