package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.HeadShape.PANEL;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.DecoderStatistics;

/**
 * The vector engine's decoder: keeps the tree of chunks, checks the callers, and hands batches to
 * {@link DecoderStep}.
 *
 * <p>Of several paths that end at one token, the first to go on stays in the chunk and the others
 * get chunks of their own behind it.
 */
final class VectorDecoder implements BranchingDecoder {
  /** Tokens of a prompt that are computed as one batch. */
  private static final int PREFILL_ROWS = 256;

  private final VectorCausalLm lm;
  private final ModelConfig config;
  private final DecoderStep step;
  private final KvCache cache;
  private final BatchPlan plan = new BatchPlan();
  private final long version;
  private final Set<VectorPath> paths = new HashSet<>();
  private KvChunk[] chunks = new KvChunk[0];
  private int[] indices = new int[0];
  private float[] hidden = new float[0];
  private float[][] logits = new float[0][];
  private long tokensComputed;
  private long batches;
  private boolean closed;

  VectorDecoder(VectorCausalLm lm, DecoderStep step, DecoderOptions options) {
    this.lm = lm;
    this.config = lm.config();
    this.step = step;
    this.cache = new KvCache(config, options.maxCacheBytes());
    this.version = lm.version();
  }

  @Override
  public int vocabSize() {
    return config.vocabSize();
  }

  @Override
  public Path prefill(int[] tokens) {
    checkOpen();
    checkPrefill(0, tokens);
    return prefill(KvChunk.root(cache), tokens);
  }

  @Override
  public Path prefill(Path before, int[] tokens) {
    checkOpen();
    VectorPath from = own(before);
    checkPrefill(from.length(), tokens);
    return prefill(from.chunk().branch(from.lengthInChunk()), tokens);
  }

  /** Refuses what cannot be computed, before anything has changed. */
  private void checkPrefill(int before, int[] tokens) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a prompt must hold at least one token");
    }
    checkLength(before + tokens.length);
    for (int token : tokens) {
      checkToken(token);
    }
    int whole = tokens.length / PANEL * PANEL;
    int rest = tokens.length - whole;
    cache.require(whole + (rest == 0 ? 0 : KvBlock.capacityFor(rest)));
  }

  /** Computes all tokens of an empty chunk. */
  private Path prefill(KvChunk chunk, int[] tokens) {
    chunk.reserve(tokens.length);
    VectorPath path = new VectorPath(this, chunk, 0);
    paths.add(path);
    for (int from = 0; from < tokens.length; from += PREFILL_ROWS) {
      int count = Math.min(PREFILL_ROWS, tokens.length - from);
      int[] part = new int[count];
      System.arraycopy(tokens, from, part, 0, count);
      reserve(count);
      for (int i = 0; i < count; i++) {
        chunks[i] = chunk;
        indices[i] = path.grow();
      }
      compute(count, part);
    }
    return path;
  }

  @Override
  public Path fork(Path path, int length) {
    checkOpen();
    VectorPath from = own(path);
    if (length < 1 || length > from.length()) {
      throw new IllegalArgumentException(
          "length to share must be between 1 and " + from.length() + ", was " + length);
    }
    KvChunk chunk = from.chunk();
    while (chunk.start() >= length) {
      chunk = chunk.parent();
    }
    VectorPath fork = new VectorPath(this, chunk, length - chunk.start());
    paths.add(fork);
    return fork;
  }

  @Override
  public void append(List<? extends Path> batch, int[] tokens) {
    checkOpen();
    if (batch.size() != tokens.length) {
      throw new IllegalArgumentException(
          batch.size() + " paths need as many tokens, were " + tokens.length);
    }
    if (tokens.length == 0) {
      return;
    }
    check(batch, tokens);
    cache.require(growth(batch));
    reserve(tokens.length);
    for (int i = 0; i < tokens.length; i++) {
      VectorPath path = own(batch.get(i));
      if (!path.isAtEnd()) {
        path.branch();
      }
      indices[i] = path.grow();
      chunks[i] = path.chunk();
    }
    compute(tokens.length, tokens);
    batches++;
  }

  @Override
  public float[][] nextLogits(List<? extends Path> batch) {
    checkOpen();
    int width = config.hiddenSize();
    int count = batch.size();
    hidden = FloatArrays.atLeast(hidden, count * width);
    for (int i = 0; i < count; i++) {
      VectorPath path = own(batch.get(i));
      int index = path.lengthInChunk() - 1;
      float[] from = path.chunk().block(index).hidden;
      System.arraycopy(from, index % PANEL * width, hidden, i * width, width);
    }
    reserveLogits(count);
    float[][] rows = new float[count][];
    System.arraycopy(logits, 0, rows, 0, count);
    step.logits(count, hidden, rows);
    return rows;
  }

  @Override
  public void release(Path path) {
    checkOpen();
    VectorPath own = own(path);
    paths.remove(own);
    own.release();
  }

  @Override
  public DecoderStatistics statistics() {
    return new DecoderStatistics(
        tokensComputed, batches, paths.size(), cache.tokens(), cache.usedBytes());
  }

  @Override
  public void close() {
    closed = true;
    paths.clear();
  }

  private void compute(int count, int[] tokens) {
    plan.build(count, chunks, indices, tokens);
    step.run(plan);
    tokensComputed += count;
  }

  /** Capacity this batch will take: of the paths at one end, only the first stays there. */
  private long growth(List<? extends Path> batch) {
    long growth = 0;
    Set<KvChunk> continued = new HashSet<>();
    for (Path each : batch) {
      VectorPath path = own(each);
      boolean stays = path.isAtEnd() && continued.add(path.chunk());
      growth += stays ? path.chunk().growth() : KvBlock.SMALLEST;
    }
    return growth;
  }

  private void check(List<? extends Path> batch, int[] tokens) {
    Set<Path> seen = new HashSet<>();
    for (int i = 0; i < tokens.length; i++) {
      VectorPath path = own(batch.get(i));
      if (!seen.add(path)) {
        throw new IllegalArgumentException("path " + i + " occurs twice in one batch");
      }
      checkToken(tokens[i]);
      checkLength(path.length() + 1);
    }
  }

  private void checkToken(int token) {
    if (token < 0 || token >= config.vocabSize()) {
      throw new IllegalArgumentException(
          "token is outside the vocabulary of " + config.vocabSize() + ": " + token);
    }
  }

  private void checkLength(int length) {
    if (length > config.maxPositions()) {
      throw new IllegalArgumentException(
          "a path of " + length + " tokens is beyond the model's " + config.maxPositions());
    }
  }

  private VectorPath own(Path path) {
    if (!(path instanceof VectorPath own) || own.decoder() != this) {
      throw new IllegalArgumentException("path belongs to another decoder");
    }
    if (own.chunk() == null) {
      throw new IllegalArgumentException("path has been released");
    }
    return own;
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this decoder is closed");
    }
    if (version != lm.version()) {
      throw new IllegalStateException("the weights have changed: open a new decoder");
    }
  }

  private void reserve(int count) {
    if (chunks.length < count) {
      chunks = new KvChunk[count];
      indices = new int[count];
    }
  }

  private void reserveLogits(int count) {
    if (logits.length < count) {
      float[][] grown = new float[count][];
      System.arraycopy(logits, 0, grown, 0, logits.length);
      for (int i = logits.length; i < count; i++) {
        grown[i] = new float[config.vocabSize()];
      }
      logits = grown;
    }
  }
}
