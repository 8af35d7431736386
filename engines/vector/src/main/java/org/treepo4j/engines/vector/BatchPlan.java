package org.treepo4j.engines.vector;

import java.util.Arrays;

/**
 * The order in which a decoder computes a batch of new tokens. Rows are sorted so that the paths
 * below any chunk stand together; then each chunk is one visit of a block of rows, ancestors before
 * descendants, and the keys it holds are read once for all of them.
 */
final class BatchPlan {
  private int rows;
  private int[] tokens = new int[0];
  private int[] positions = new int[0];
  private int[] indices = new int[0];
  private int[] nextInput = new int[0];
  private KvChunk[] chunks = new KvChunk[0];

  private int visits;
  private KvChunk[] visited = new KvChunk[16];
  private int[] visitFrom = new int[16];
  private int[] visitTo = new int[16];
  private int[] visitLimits = new int[16];
  private int limitCount;
  private int[] limits = new int[16];
  private long stamp;

  /**
   * Sorts a batch.
   *
   * @param inputChunks chunk of every new token
   * @param inputIndices its index in the chunk; rising for tokens of one chunk
   * @param inputTokens token ids
   */
  void build(int count, KvChunk[] inputChunks, int[] inputIndices, int[] inputTokens) {
    reserve(count);
    rows = 0;
    visits = 0;
    limitCount = 0;
    stamp++;
    KvChunk roots = null;
    for (int input = count - 1; input >= 0; input--) {
      KvChunk chunk = inputChunks[input];
      roots = mark(chunk, roots);
      nextInput[input] = chunk.plan.firstInput;
      chunk.plan.firstInput = input;
    }
    for (KvChunk root = roots; root != null; root = root.plan.nextSibling) {
      visit(root, inputIndices, inputTokens);
    }
  }

  /** Links a chunk and its ancestors into the plan's tree, unless they are there already. */
  private KvChunk mark(KvChunk leaf, KvChunk roots) {
    KvChunk chunk = leaf;
    boolean isNew = enter(chunk);
    while (isNew && chunk.parent() != null) {
      KvChunk parent = chunk.parent();
      isNew = enter(parent);
      chunk.plan.nextSibling = parent.plan.firstChild;
      parent.plan.firstChild = chunk;
      chunk = parent;
    }
    if (!isNew) {
      return roots;
    }
    chunk.plan.nextSibling = roots;
    return chunk;
  }

  private boolean enter(KvChunk chunk) {
    if (chunk.plan.stamp == stamp) {
      return false;
    }
    chunk.plan.stamp = stamp;
    chunk.plan.firstChild = null;
    chunk.plan.firstInput = -1;
    return true;
  }

  private void visit(KvChunk chunk, int[] inputIndices, int[] inputTokens) {
    int visit = open(chunk);
    int from = rows;
    for (int input = chunk.plan.firstInput; input >= 0; input = nextInput[input]) {
      chunks[rows] = chunk;
      tokens[rows] = inputTokens[input];
      indices[rows] = inputIndices[input];
      positions[rows] = chunk.start() + inputIndices[input];
      rows++;
    }
    for (KvChunk child = chunk.plan.firstChild; child != null; child = child.plan.nextSibling) {
      visit(child, inputIndices, inputTokens);
    }
    close(visit, chunk, from);
  }

  private int open(KvChunk chunk) {
    if (visits == visited.length) {
      visited = Arrays.copyOf(visited, visits * 2);
      visitFrom = Arrays.copyOf(visitFrom, visits * 2);
      visitTo = Arrays.copyOf(visitTo, visits * 2);
      visitLimits = Arrays.copyOf(visitLimits, visits * 2);
    }
    visited[visits] = chunk;
    return visits++;
  }

  /** Notes the rows of a visit and how many of the chunk's tokens each may see. */
  private void close(int visit, KvChunk chunk, int from) {
    visitFrom[visit] = from;
    visitTo[visit] = rows;
    visitLimits[visit] = limitCount;
    if (limits.length < limitCount + rows - from) {
      limits = Arrays.copyOf(limits, 2 * (limitCount + rows - from));
    }
    for (int row = from; row < rows; row++) {
      KvChunk below = chunks[row];
      int limit = indices[row] + 1;
      while (below != chunk) {
        limit = below.parentLength();
        below = below.parent();
      }
      limits[limitCount++] = limit;
    }
  }

  private void reserve(int count) {
    if (tokens.length < count) {
      tokens = new int[count];
      positions = new int[count];
      indices = new int[count];
      nextInput = new int[count];
      chunks = new KvChunk[count];
    }
  }

  int rows() {
    return rows;
  }

  /** Token ids by row. */
  int[] tokens() {
    return tokens;
  }

  /** Positions by row. */
  int[] positions() {
    return positions;
  }

  KvChunk chunk(int row) {
    return chunks[row];
  }

  /** Index of a row's token in its chunk. */
  int index(int row) {
    return indices[row];
  }

  int visits() {
    return visits;
  }

  KvChunk visited(int visit) {
    return visited[visit];
  }

  /** First row that sees the chunk of a visit. */
  int visitFrom(int visit) {
    return visitFrom[visit];
  }

  /** Row after the last that sees the chunk of a visit. */
  int visitTo(int visit) {
    return visitTo[visit];
  }

  /** How many of the chunk's tokens a row may see. */
  int limit(int visit, int row) {
    return limits[visitLimits[visit] + row - visitFrom[visit]];
  }
}
