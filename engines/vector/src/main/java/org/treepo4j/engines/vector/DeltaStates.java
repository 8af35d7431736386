package org.treepo4j.engines.vector;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CacheFullException;

/**
 * The states of a decoder's paths. A fork shares the state of its path until either writes; then
 * the one that writes takes a copy. Where a path passes a multiple of {@link #SPACING} tokens its
 * state is kept as a snapshot of the chunk, so that a fork at an earlier token goes few tokens
 * again; snapshots give way when their memory is needed. All of it counts as memory of the cache.
 */
final class DeltaStates {
  /** Tokens between snapshots: pieces of a prompt end at its multiples too. */
  static final int SPACING = DeltaLayer.CHUNK_TOKENS;

  /** Snapshots may take this part of the cache. */
  private static final int SNAPSHOT_SHARE = 4;

  private final ModelConfig config;
  private final KvCache cache;
  private final long bytes;
  private final Deque<DeltaState> free = new ArrayDeque<>();

  /** By chunk and its length there. */
  private final Map<KvChunk, TreeMap<Integer, DeltaState>> snapshots = new HashMap<>();

  /** The same, oldest first, and some that are gone. */
  private final Deque<Snapshot> order = new ArrayDeque<>();

  private int count;

  /** A state kept where a chunk has {@code length} tokens. */
  private record Snapshot(KvChunk chunk, int length, DeltaState state) {}

  DeltaStates(ModelConfig config, KvCache cache) {
    this.config = config;
    this.cache = cache;
    this.bytes = DeltaState.bytes(config);
  }

  /**
   * Makes room in the cache, by snapshots if need be.
   *
   * @param capacity tokens of blocks
   * @param fresh states that will be made
   * @param writers paths that will write
   * @throws CacheFullException when there is no room
   */
  void require(long capacity, int fresh, List<VectorPath> writers) {
    while (!cache.fits(capacity, (fresh + copies(writers)) * bytes) && dropOldest()) {
      // until it fits or nothing is left to drop
    }
    long made = fresh + copies(writers);
    cache.require(capacity, made * bytes);
    while (!free.isEmpty() && !cache.fits(capacity, (made + free.size()) * bytes)) {
      free.poll();
    }
  }

  /** States that must be made before these paths can write. */
  private long copies(List<VectorPath> writers) {
    long copies = 0;
    Map<DeltaState, Integer> left = new HashMap<>();
    for (VectorPath path : writers) {
      DeltaState state = path.state();
      int holders = state == null ? 2 : left.getOrDefault(state, state.holders());
      if (holders > 1) {
        copies++;
      }
      if (state != null) {
        left.put(state, holders - 1);
      }
    }
    return copies;
  }

  /** A state before any token. */
  DeltaState fresh() {
    DeltaState state = take();
    state.clear();
    return state;
  }

  /** A copy that nobody else holds. */
  DeltaState copy(DeltaState of) {
    DeltaState state = take();
    state.copyFrom(of);
    return state;
  }

  private DeltaState take() {
    cache.countBytes(bytes);
    DeltaState state = free.poll();
    if (state == null) {
      return new DeltaState(config);
    }
    state.hold();
    return state;
  }

  /** Lets go of a state; null is none. */
  void release(DeltaState state) {
    if (state != null && state.letGo()) {
      cache.countBytes(-bytes);
      if (cache.fits(0, (free.size() + 1) * bytes)) {
        free.push(state);
      }
    }
  }

  /** Makes the state of a path its own. */
  void own(VectorPath path) {
    DeltaState state = path.state();
    if (state.holders() > 1) {
      path.state(copy(state));
      release(state);
    }
  }

  /**
   * Keeps the state of a path that ends its chunk, if the spacing asks for it and there is room.
   */
  void snapshot(VectorPath path) {
    if (path.length() % SPACING != 0 || find(path.chunk(), path.lengthInChunk()) != null) {
      return;
    }
    while ((count + 1) * bytes > cache.maxBytes() / SNAPSHOT_SHARE) {
      if (!dropOldest()) {
        return;
      }
    }
    path.state().hold();
    of(path.chunk()).put(path.lengthInChunk(), path.state());
    order.add(new Snapshot(path.chunk(), path.lengthInChunk(), path.state()));
    count++;
  }

  private TreeMap<Integer, DeltaState> of(KvChunk chunk) {
    return snapshots.computeIfAbsent(chunk, c -> new TreeMap<>());
  }

  /** Drops the snapshots of a chunk beyond {@code length}. */
  void trim(KvChunk chunk, int length) {
    TreeMap<Integer, DeltaState> kept = snapshots.get(chunk);
    if (kept == null) {
      return;
    }
    while (!kept.isEmpty() && kept.lastKey() > length) {
      count--;
      release(kept.pollLastEntry().getValue());
    }
    if (kept.isEmpty()) {
      snapshots.remove(chunk);
    }
    if (order.size() > 2 * count + SPACING) {
      order.removeIf(snapshot -> !isKept(snapshot));
    }
  }

  private boolean isKept(Snapshot snapshot) {
    TreeMap<Integer, DeltaState> kept = snapshots.get(snapshot.chunk());
    return kept != null && kept.get(snapshot.length()) == snapshot.state();
  }

  private boolean dropOldest() {
    Snapshot oldest = order.poll();
    while (oldest != null && !isKept(oldest)) {
      oldest = order.poll();
    }
    if (oldest == null) {
      return false;
    }
    TreeMap<Integer, DeltaState> kept = snapshots.get(oldest.chunk());
    kept.remove(oldest.length());
    if (kept.isEmpty()) {
      snapshots.remove(oldest.chunk());
    }
    count--;
    release(oldest.state());
    return true;
  }

  /** The state after {@code length} tokens of a chunk if it is at hand, or null. */
  DeltaState find(KvChunk chunk, int length) {
    for (VectorPath path : chunk.paths()) {
      if (path.lengthInChunk() == length && path.state() != null) {
        return path.state();
      }
    }
    TreeMap<Integer, DeltaState> kept = snapshots.get(chunk);
    return kept == null ? null : kept.get(length);
  }

  /** The greatest length of a chunk up to {@code most} whose state is at hand; 0 when none is. */
  int nearest(KvChunk chunk, int most) {
    TreeMap<Integer, DeltaState> kept = snapshots.get(chunk);
    Integer ofSnapshots = kept == null ? null : kept.floorKey(most);
    int nearest = ofSnapshots == null ? 0 : ofSnapshots;
    for (VectorPath path : chunk.paths()) {
      if (path.state() != null && path.lengthInChunk() <= most) {
        nearest = Math.max(nearest, path.lengthInChunk());
      }
    }
    return nearest;
  }
}
