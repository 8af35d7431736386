package org.treepo4j.engines.vector;

import org.treepo4j.model.BranchingDecoder;

/** A path of the vector engine's decoder: a chunk and how much of it belongs to the path. */
final class VectorPath implements BranchingDecoder.Path {
  private final VectorDecoder decoder;
  private KvChunk chunk;
  private int lengthInChunk;

  /** Null without linear layers, and where it is not at hand. */
  private DeltaState state;

  VectorPath(VectorDecoder decoder, KvChunk chunk, int lengthInChunk) {
    this.decoder = decoder;
    this.chunk = chunk;
    this.lengthInChunk = lengthInChunk;
    chunk.attach(this);
  }

  @Override
  public int length() {
    return chunk == null ? 0 : chunk.start() + lengthInChunk;
  }

  VectorDecoder decoder() {
    return decoder;
  }

  /** Null once released. */
  KvChunk chunk() {
    return chunk;
  }

  int lengthInChunk() {
    return lengthInChunk;
  }

  /** Whether the next token may go behind the chunk's last. */
  boolean isAtEnd() {
    return lengthInChunk == chunk.length();
  }

  /** Continues in a chunk of its own. */
  void branch() {
    KvChunk old = chunk;
    chunk = old.branch(lengthInChunk);
    lengthInChunk = 0;
    chunk.attach(this);
    old.detach(this);
  }

  DeltaState state() {
    return state;
  }

  void state(DeltaState other) {
    state = other;
  }

  /** Takes one more token into the chunk and returns its index there. */
  int grow(int token) {
    int index = chunk.grow(token);
    lengthInChunk = index + 1;
    return index;
  }

  void release() {
    KvChunk old = chunk;
    chunk = null;
    old.detach(this);
  }
}
