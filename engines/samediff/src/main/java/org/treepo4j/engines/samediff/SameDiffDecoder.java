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
 * Samples along many paths with the network's graphs. One step is one pass of all new tokens over
 * all cached ones with an ancestor mask, so paths share keys and values by reference.
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
    cache = new TokenCache(network.config(), options.maxCacheBytes());
  }

  @Override
  public int vocabSize() {
    return network.config().vocabSize();
  }

  @Override
  public Path prefill(int[] tokens) {
    requireUsable();
    requireTokens(tokens);
    network.requireReadable(tokens, tokens.length);
    cache.reserve(tokens.length);
    TreePack pack = new TreePack(0, List.of(TokenTree.chain(tokens)));
    float[] hidden;
    try (BlockGraph.Rows rows =
        network.rows(pack.positions(), pack.mask(network.config().headsPerKvHead()))) {
      hidden = through(tokens, (layer, x) -> network.blocks().get(layer).run(x, rows));
    }
    return register(new CachedPath(chain(null, hidden, tokens.length)));
  }

  @Override
  public Path prefill(Path before, int[] tokens) {
    requireUsable();
    TokenCache.Token from = own(before).end;
    requireTokens(tokens);
    int[] positions = new int[tokens.length];
    Arrays.setAll(positions, t -> from.length() + t);
    network.requireReadable(tokens, from.length() + tokens.length);
    cache.reserve(tokens.length);
    float[] hidden;
    try (BlockGraph.Rows rows = network.rows(positions, mask(from, tokens.length))) {
      hidden = throughBehindCache(tokens, rows);
    }
    return register(new CachedPath(chain(from, hidden, tokens.length)));
  }

  private static void requireTokens(int[] tokens) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a prompt must hold at least one token");
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
    float[] hidden;
    try (BlockGraph.Rows rows = network.rows(positions, mask(own))) {
      hidden = throughBehindCache(tokens, rows);
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

  /** As {@link #through}, each token also attending to the cached ones its mask shows. */
  private float[] throughBehindCache(int[] tokens, BlockGraph.Rows rows) {
    return through(
        tokens,
        (layer, x) ->
            network.blocks().get(layer).run(x, rows, cache.keys(layer), cache.values(layer)));
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

  /** Who sees whom in one step, {@code [1, 1, paths·group, usedRows + paths]}. */
  private Tensor mask(List<CachedPath> own) {
    int group = network.config().headsPerKvHead();
    int used = cache.usedRows();
    int columns = used + own.size();
    float[] mask = new float[Math.multiplyExact(own.size() * group, columns)];
    Arrays.fill(mask, TreePack.HIDDEN);
    for (int p = 0; p < own.size(); p++) {
      for (int g = 0; g < group; g++) {
        int row = (p * group + g) * columns;
        cache.see(own.get(p).end, mask, row);
        mask[row + used + p] = 0;
      }
    }
    return Tensor.of(mask, 1, 1, (long) own.size() * group, columns);
  }

  /**
   * Who sees whom among tokens one behind the other, {@code [1, 1, count·group, usedRows + count]}.
   */
  private Tensor mask(TokenCache.Token before, int count) {
    int group = network.config().headsPerKvHead();
    int used = cache.usedRows();
    int columns = used + count;
    float[] mask = new float[Math.multiplyExact(count * group, columns)];
    Arrays.fill(mask, TreePack.HIDDEN);
    for (int t = 0; t < count; t++) {
      for (int g = 0; g < group; g++) {
        int row = (t * group + g) * columns;
        cache.see(before, mask, row);
        Arrays.fill(mask, row + used, row + used + t + 1, 0);
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
