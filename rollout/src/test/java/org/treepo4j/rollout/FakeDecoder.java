package org.treepo4j.rollout;

import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CacheFullException;
import org.treepo4j.model.DecoderStatistics;

/**
 * A decoder without weights that keeps the port's contract strictly: foreign paths, paths twice in
 * a batch and stale rows are errors. It counts the tokens it is fed, the different ones among them,
 * and the chunks it holds.
 */
final class FakeDecoder implements BranchingDecoder {
  private final FakeModel model;
  private final Set<FakePath> live = Collections.newSetFromMap(new IdentityHashMap<>());
  private float[][] lastRows = new float[0][];
  private final Set<IntBuffer> distinct = new HashSet<>();
  private long tokensComputed;
  private long batches;
  private long calls;
  private long failingCall = Long.MAX_VALUE;
  private long maxCachedTokens = Long.MAX_VALUE;
  private int largestBatch;

  FakeDecoder(FakeModel model) {
    this.model = model;
  }

  /** Makes the nth call of any method but release fail. */
  FakeDecoder failingAt(long call) {
    failingCall = call;
    return this;
  }

  FakeDecoder withMaxCachedTokens(long tokens) {
    maxCachedTokens = tokens;
    return this;
  }

  int largestBatch() {
    return largestBatch;
  }

  long calls() {
    return calls;
  }

  /** Different prefixes among the tokens computed: the fewest anyone could have computed. */
  long distinctTokens() {
    return distinct.size();
  }

  @Override
  public int vocabSize() {
    return model.vocabSize();
  }

  @Override
  public List<Path> prefill(List<Prompt> prompts) {
    begin();
    int tokens = 0;
    for (Prompt prompt : prompts) {
      if (prompt.tokens().length == 0) {
        throw new IllegalArgumentException("nothing to compute");
      }
      tokens += prompt.tokens().length;
    }
    makeRoom(tokens);
    return prompts.stream()
        .map(p -> computed(p.before() == null ? null : mine(p.before()).end, p.tokens()))
        .toList();
  }

  private Path computed(Chunk before, int[] tokens) {
    Chunk chunk = before;
    for (int token : tokens) {
      chunk = compute(chunk, token);
    }
    return hold(new FakePath(chunk));
  }

  @Override
  public Path fork(Path path, int length) {
    begin();
    FakePath from = mine(path);
    if (length < 1 || length > from.length()) {
      throw new IllegalArgumentException("cannot fork " + length + " of " + from.length());
    }
    Chunk chunk = from.end;
    while (chunk.length > length) {
      chunk = chunk.parent;
    }
    return hold(new FakePath(chunk));
  }

  @Override
  public void append(List<? extends Path> paths, int[] tokens) {
    begin();
    if (paths.size() != tokens.length || Set.copyOf(paths).size() != paths.size()) {
      throw new IllegalArgumentException("paths and tokens do not fit");
    }
    paths.forEach(this::mine);
    makeRoom(tokens.length);
    for (int i = 0; i < tokens.length; i++) {
      FakePath path = mine(paths.get(i));
      path.end = compute(path.end, tokens[i]);
    }
    batches++;
  }

  @Override
  public float[][] nextLogits(List<? extends Path> paths) {
    begin();
    lastRows = new float[paths.size()][];
    Arrays.setAll(lastRows, i -> model.logits(mine(paths.get(i)).end.tokens()));
    largestBatch = Math.max(largestBatch, paths.size());
    return lastRows;
  }

  /** Two made-up numbers for each token, which follow from all tokens up to it. */
  static short[] experts(int[] path) {
    short[] experts = new short[2 * path.length];
    int hash = 1;
    for (int i = 0; i < path.length; i++) {
      hash = 31 * hash + path[i];
      experts[2 * i] = (short) (hash & 0x7f);
      experts[2 * i + 1] = (short) (hash >> 7 & 0x7f);
    }
    return experts;
  }

  @Override
  public short[] experts(Path path) {
    return experts(mine(path).end.tokens());
  }

  @Override
  public void release(Path path) {
    live.remove(mine(path));
  }

  @Override
  public DecoderStatistics statistics() {
    return new DecoderStatistics(tokensComputed, batches, live.size(), cachedTokens(), 0);
  }

  @Override
  public void close() {}

  private void begin() {
    for (float[] row : lastRows) {
      Arrays.fill(row, Float.NaN);
    }
    lastRows = new float[0][];
    if (++calls == failingCall) {
      throw new IllegalStateException("made to fail");
    }
  }

  private long cachedTokens() {
    Set<Chunk> held = Collections.newSetFromMap(new IdentityHashMap<>());
    for (FakePath path : live) {
      for (Chunk chunk = path.end; chunk != null && held.add(chunk); ) {
        chunk = chunk.parent;
      }
    }
    return held.size();
  }

  private void makeRoom(int tokens) {
    if (maxCachedTokens < Long.MAX_VALUE && cachedTokens() + tokens > maxCachedTokens) {
      throw new CacheFullException((cachedTokens() + tokens) << 20, maxCachedTokens << 20);
    }
  }

  private Chunk compute(Chunk before, int token) {
    if (token < 0 || token >= model.vocabSize()) {
      throw new IllegalArgumentException("no such token: " + token);
    }
    Chunk chunk = new Chunk(before, token);
    tokensComputed++;
    distinct.add(IntBuffer.wrap(chunk.tokens()));
    return chunk;
  }

  private FakePath hold(FakePath path) {
    live.add(path);
    return path;
  }

  private FakePath mine(Path path) {
    if (!(path instanceof FakePath fake) || !live.contains(fake)) {
      throw new IllegalArgumentException("released or foreign path");
    }
    return fake;
  }

  private static final class FakePath implements Path {
    private Chunk end;

    FakePath(Chunk end) {
      this.end = end;
    }

    @Override
    public int length() {
      return end.length;
    }
  }

  /** One token's keys and values. */
  private static final class Chunk {
    private final Chunk parent;
    private final int token;
    private final int length;

    Chunk(Chunk parent, int token) {
      this.parent = parent;
      this.token = token;
      length = parent == null ? 1 : parent.length + 1;
    }

    int[] tokens() {
      int[] tokens = new int[length];
      for (Chunk chunk = this; chunk != null; chunk = chunk.parent) {
        tokens[chunk.length - 1] = chunk.token;
      }
      return tokens;
    }
  }
}
