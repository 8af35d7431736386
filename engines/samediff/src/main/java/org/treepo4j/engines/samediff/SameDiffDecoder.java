package org.treepo4j.engines.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.DecoderStatistics;
import org.treepo4j.model.TokenTree;

/**
 * Samples along many paths with the network's graphs. Paths share keys and values by reference; in
 * each step the rows of every path are brought together, so that a token costs what its own path is
 * long, whatever else is cached.
 */
final class SameDiffDecoder implements BranchingDecoder {
  private final Network network;
  private final BooleanSupplier valid;
  private final TokenCache cache;
  private final Set<CachedPath> paths = Collections.newSetFromMap(new IdentityHashMap<>());
  private long tokensComputed;
  private long batches;
  private boolean closed;

  /** A path is the token it ends with. */
  private static final class CachedPath implements Path {
    private TokenCache.Token end;

    CachedPath(TokenCache.Token end) {
      this.end = end;
    }

    @Override
    public int length() {
      return end.length();
    }
  }

  /**
   * @param valid false when the weights have changed since
   */
  SameDiffDecoder(Network network, DecoderOptions options, BooleanSupplier valid) {
    this.network = network;
    this.valid = valid;
    cache = new TokenCache(network.config(), options.cacheBytesOnHeap());
  }

  @Override
  public int vocabSize() {
    return network.config().vocabSize();
  }

  /** One prompt after the other: attention is dense, so a joint pass would be the larger one. */
  @Override
  public List<Path> prefill(List<Prompt> prompts) {
    requireUsable();
    int tokens = 0;
    for (Prompt prompt : prompts) {
      if (prompt.tokens().length == 0) {
        throw new IllegalArgumentException("a prompt must hold at least one token");
      }
      int before = prompt.before() == null ? 0 : own(prompt.before()).length();
      network.requireReadable(prompt.tokens(), before + prompt.tokens().length);
      tokens = Math.addExact(tokens, prompt.tokens().length);
    }
    cache.reserve(tokens);
    List<Path> made = new ArrayList<>();
    for (Prompt prompt : prompts) {
      TokenCache.Token before = prompt.before() == null ? null : own(prompt.before()).end;
      float[] hidden =
          before == null ? computed(prompt.tokens()) : computed(before, prompt.tokens());
      made.add(register(new CachedPath(chain(before, hidden, prompt.tokens().length))));
    }
    return made;
  }

  private float[] computed(int[] tokens) {
    TreePack pack = new TreePack(0, List.of(TokenTree.chain(tokens)));
    int group = network.config().headsPerKvHead();
    try (LayerRows rows = network.rows(pack.positions(), window -> pack.mask(group, window))) {
      return through(tokens, (layer, x) -> network.blocks().get(layer).run(x, rows.of(layer)));
    }
  }

  private float[] computed(TokenCache.Token before, int[] tokens) {
    int[] positions = new int[tokens.length];
    Arrays.setAll(positions, t -> before.length() + t);
    int[] past = new int[before.length()];
    cache.rows(before, past, 0);
    try (LayerRows rows =
        network.rows(positions, window -> mask(past.length, tokens.length, window))) {
      return through(
          tokens,
          (layer, x) -> {
            try (Tensor keys = cache.keys(layer, past);
                Tensor values = cache.values(layer, past)) {
              return network.blocks().get(layer).run(x, rows.of(layer), keys, values);
            }
          });
    }
  }

  /** Adds computed tokens one behind the other, the first behind a path's end or null. */
  private TokenCache.Token chain(TokenCache.Token before, float[] hidden, int count) {
    TokenCache.Token end = cache.add(before, state(hidden, 0));
    for (int t = 1; t < count; t++) {
      TokenCache.Token next = cache.add(end, state(hidden, t));
      cache.release(end);
      end = next;
    }
    return end;
  }

  @Override
  public Path fork(Path path, int length) {
    requireUsable();
    TokenCache.Token end = own(path).end;
    if (length < 1 || length > end.length()) {
      throw new IllegalArgumentException(
          "length to share must be 1.." + end.length() + ", was " + length);
    }
    TokenCache.Token shared = end.ancestor(length);
    cache.retain(shared);
    return register(new CachedPath(shared));
  }

  @Override
  public void append(List<? extends Path> grown, int[] tokens) {
    requireUsable();
    List<CachedPath> own = own(grown);
    if (tokens.length != own.size()) {
      throw new IllegalArgumentException(
          "expected one token for each of " + own.size() + " paths, got " + tokens.length);
    }
    if (own.stream().distinct().count() != own.size()) {
      throw new IllegalArgumentException("a path occurs twice in one call");
    }
    if (own.isEmpty()) {
      return;
    }
    int[] positions = own.stream().mapToInt(CachedPath::length).toArray();
    network.requireReadable(tokens, Arrays.stream(positions).max().getAsInt() + 1);
    cache.reserve(tokens.length);
    int columns = Arrays.stream(positions).max().getAsInt();
    // Where a path is shorter, some row; its mask hides it.
    int[] past = new int[Math.multiplyExact(own.size(), columns)];
    for (int p = 0; p < tokens.length; p++) {
      cache.rows(own.get(p).end, past, p * columns);
    }
    float[] hidden;
    try (LayerRows rows = network.rows(positions, window -> mask(positions, columns, window))) {
      hidden =
          through(
              tokens,
              (layer, x) -> {
                try (Tensor keys = cache.keys(layer, past);
                    Tensor values = cache.values(layer, past)) {
                  return network.blocks().get(layer).runPaths(x, rows.of(layer), keys, values);
                }
              });
    }
    for (int p = 0; p < tokens.length; p++) {
      TokenCache.Token before = own.get(p).end;
      own.get(p).end = cache.add(before, state(hidden, p));
      cache.release(before);
    }
    batches++;
  }

  @Override
  public float[][] nextLogits(List<? extends Path> asked) {
    requireUsable();
    List<CachedPath> own = own(asked);
    int hidden = network.config().hiddenSize();
    int vocab = vocabSize();
    float[][] logits = new float[own.size()][];
    if (own.isEmpty()) {
      return logits;
    }
    float[] rows = new float[own.size() * hidden];
    for (int p = 0; p < own.size(); p++) {
      System.arraycopy(own.get(p).end.hidden(), 0, rows, p * hidden, hidden);
    }
    try (Tensor x = Tensor.of(rows, own.size(), hidden);
        Tensor all = network.head().logits(x)) {
      float[] flat = all.toFloats();
      for (int p = 0; p < logits.length; p++) {
        logits[p] = Arrays.copyOfRange(flat, p * vocab, (p + 1) * vocab);
      }
    }
    return logits;
  }

  @Override
  public void release(Path path) {
    CachedPath own = own(path);
    paths.remove(own);
    cache.release(own.end);
  }

  @Override
  public DecoderStatistics statistics() {
    return new DecoderStatistics(
        tokensComputed, batches, paths.size(), cache.liveTokens(), cache.liveBytes());
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      paths.clear();
      cache.close();
    }
  }

  /** Runs one block on its input. */
  private interface Layer {
    BlockGraph.Outcome run(int layer, Tensor x);
  }

  /** Embeds tokens, runs all blocks and stores their keys and values; the final hidden states. */
  private float[] through(int[] tokens, Layer run) {
    Tensor x = network.embed(tokens);
    try {
      for (int layer = 0; layer < network.config().layers(); layer++) {
        BlockGraph.Outcome outcome = run.run(layer, x);
        try (Tensor keys = outcome.keys();
            Tensor values = outcome.values()) {
          x.close();
          x = outcome.output();
          cache.store(layer, keys, values);
        }
      }
      tokensComputed += tokens.length;
      return x.toFloats();
    } finally {
      x.close();
    }
  }

  /**
   * How far back the tokens of one step see, {@code [paths, 1, 1, columns + 1]}: cached ones, the
   * latest first, then themselves.
   */
  private static Tensor mask(int[] positions, int columns, int window) {
    float[] mask = new float[positions.length * (columns + 1)];
    Arrays.fill(mask, TreePack.HIDDEN);
    for (int p = 0; p < positions.length; p++) {
      int row = p * (columns + 1);
      int seen = window == 0 ? positions[p] : Math.min(positions[p], window - 1);
      Arrays.fill(mask, row, row + seen, 0);
      mask[row + columns] = 0;
    }
    return Tensor.of(mask, positions.length, 1, 1, columns + 1L);
  }

  /**
   * Who sees whom among tokens one behind the other, {@code [1, 1, count·group, past + count]}: the
   * cached ones stand first, the latest of them first.
   */
  private Tensor mask(int past, int count, int window) {
    int group = network.config().headsPerKvHead();
    int columns = past + count;
    float[] mask = new float[Math.multiplyExact(count * group, columns)];
    Arrays.fill(mask, TreePack.HIDDEN);
    for (int t = 0; t < count; t++) {
      int most = window == 0 ? columns : window; // this token included
      for (int g = 0; g < group; g++) {
        int row = (t * group + g) * columns;
        Arrays.fill(mask, row, row + Math.max(0, Math.min(past, most - t - 1)), 0);
        Arrays.fill(mask, row + past + Math.max(0, t + 1 - most), row + past + t + 1, 0);
      }
    }
    return Tensor.of(mask, 1, 1, (long) count * group, columns);
  }

  private float[] state(float[] hidden, int row) {
    int size = network.config().hiddenSize();
    return Arrays.copyOfRange(hidden, row * size, (row + 1) * size);
  }

  private CachedPath register(CachedPath path) {
    paths.add(path);
    return path;
  }

  private List<CachedPath> own(List<? extends Path> others) {
    List<CachedPath> own = new ArrayList<>(others.size());
    others.forEach(path -> own.add(own(path)));
    return own;
  }

  private CachedPath own(Path path) {
    if (path instanceof CachedPath cached && paths.contains(cached)) {
      return cached;
    }
    throw new IllegalArgumentException("the path was released or is another decoder's");
  }

  private void requireUsable() {
    if (closed) {
      throw new IllegalStateException("the decoder is closed");
    }
    if (!valid.getAsBoolean()) {
      throw new IllegalStateException("the weights have changed since the decoder was opened");
    }
  }
}
