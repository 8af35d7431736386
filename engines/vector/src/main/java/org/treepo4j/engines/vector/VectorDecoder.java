package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.HeadShape.PANEL;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.DecoderStatistics;
import org.treepo4j.model.engine.TokenLimits;

/**
 * The vector engine's decoder: keeps the tree of chunks, checks the callers, and hands batches to
 * {@link DecoderStep}.
 *
 * <p>Of several paths that end at one token, the first to go on stays in the chunk and the others
 * get chunks of their own behind it.
 */
final class VectorDecoder implements BranchingDecoder {
  /** Tokens of prompts that are computed as one batch. */
  private static final int PREFILL_ROWS = 256;

  private final VectorCausalLm lm;
  private final ModelConfig config;
  private final TokenLimits limits;
  private final DecoderStep step;
  private final KvCache cache;

  /** Null without linear layers. */
  private final DeltaStates states;

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
    this.limits = TokenLimits.of(config);
    this.step = step;
    this.cache = new KvCache(config, options.cacheBytesOnHeap());
    this.states = config.design().deltaRule() == null ? null : new DeltaStates(config, cache);
    this.cache.states(states);
    this.version = lm.version();
  }

  @Override
  public int vocabSize() {
    return config.vocabSize();
  }

  @Override
  public List<Path> prefill(List<Prompt> prompts) {
    checkOpen();
    long capacity = 0;
    for (Prompt prompt : prompts) {
      if (prompt.before() != null) {
        own(prompt.before());
      }
      limits.check(prompt);
      int rest = prompt.tokens().length % PANEL;
      capacity += prompt.tokens().length - rest + (rest == 0 ? 0 : KvBlock.capacityFor(rest));
    }
    require(capacity, prompts);
    List<Path> made = new ArrayList<>();
    List<VectorPath> growing = new ArrayList<>();
    int[] batch = new int[PREFILL_ROWS];
    int count = 0;
    reserve(PREFILL_ROWS);
    for (Prompt prompt : prompts) {
      VectorPath path = new VectorPath(this, chunkBehind(prompt.before()), 0);
      paths.add(path);
      made.add(path);
      path.chunk().reserve(prompt.tokens().length);
      begin(path, prompt.before());
      for (int token : prompt.tokens()) {
        if (count + together(path.chunk(), path.lengthInChunk()) > PREFILL_ROWS) {
          compute(count, batch, growing);
          count = 0;
        }
        if (growing.isEmpty() || growing.get(growing.size() - 1) != path) {
          growing.add(path);
        }
        chunks[count] = path.chunk();
        indices[count] = path.grow(token);
        batch[count++] = token;
      }
    }
    if (count > 0) {
      compute(count, batch, growing);
    }
    return made;
  }

  /** Room for prompts, and the states of the paths before them. */
  private void require(long capacity, List<Prompt> prompts) {
    if (states == null) {
      cache.require(capacity, 0);
      return;
    }
    List<VectorPath> unknown = new ArrayList<>();
    for (Prompt prompt : prompts) {
      VectorPath before = prompt.before() == null ? null : own(prompt.before());
      if (before != null && before.state() == null && !unknown.contains(before)) {
        unknown.add(before);
      }
    }
    states.require(capacity, prompts.size(), unknown);
    unknown.forEach(this::restore);
  }

  private void begin(VectorPath path, Path before) {
    if (states != null) {
      path.state(before == null ? states.fresh() : states.copy(own(before).state()));
      path.chunk().plan.state = path.state();
    }
  }

  /** Rows from an index of a chunk that one batch must hold: linear layers solve them at once. */
  private int together(KvChunk chunk, int index) {
    int position = chunk.start() + index;
    boolean begins = index == 0 || position % DeltaStates.SPACING == 0;
    if (states == null || !begins || index >= chunk.prefilled()) {
      return 1;
    }
    return Math.min(
        DeltaStates.SPACING - position % DeltaStates.SPACING, chunk.prefilled() - index);
  }

  /** Consecutive tokens of a chunk that are computed once more. */
  private record Stretch(KvChunk chunk, int from, int to) {}

  /** Brings the state of a path to hand: from the nearest before it, by the tokens since. */
  private void restore(VectorPath path) {
    KvChunk chunk = path.chunk();
    int to = path.lengthInChunk();
    int from = states.nearest(chunk, to);
    Deque<Stretch> stretches = new ArrayDeque<>();
    stretches.push(new Stretch(chunk, from, to));
    while (from == 0 && chunk.parent() != null) {
      to = chunk.parentLength();
      chunk = chunk.parent();
      from = states.nearest(chunk, to);
      stretches.push(new Stretch(chunk, from, to));
    }
    DeltaState state = from == 0 ? states.fresh() : states.copy(states.find(chunk, from));
    stretches.forEach(stretch -> replay(stretch, state));
    path.state(state);
  }

  private void replay(Stretch stretch, DeltaState state) {
    KvChunk chunk = stretch.chunk();
    chunk.plan.state = state;
    reserve(PREFILL_ROWS);
    int[] batch = new int[PREFILL_ROWS];
    int count = 0;
    for (int index = stretch.from(); index < stretch.to(); index++) {
      if (count + together(chunk, index) > PREFILL_ROWS) {
        plan.build(count, chunks, indices, batch);
        step.run(plan, true);
        count = 0;
      }
      chunks[count] = chunk;
      indices[count] = index;
      batch[count++] = chunk.token(index);
    }
    if (count > 0) {
      plan.build(count, chunks, indices, batch);
      step.run(plan, true);
    }
  }

  private KvChunk chunkBehind(Path before) {
    if (before == null) {
      return KvChunk.root(cache);
    }
    VectorPath path = own(before);
    return path.chunk().branch(path.lengthInChunk());
  }

  @Override
  public Path fork(Path path, int length) {
    checkOpen();
    VectorPath from = own(path);
    TokenLimits.checkShared(from, length);
    KvChunk chunk = from.chunk();
    while (chunk.start() >= length) {
      chunk = chunk.parent();
    }
    VectorPath fork = new VectorPath(this, chunk, length - chunk.start());
    paths.add(fork);
    if (states != null) {
      DeltaState known = states.find(chunk, fork.lengthInChunk());
      if (known != null) {
        known.hold();
        fork.state(known);
      }
    }
    return fork;
  }

  @Override
  public void append(List<? extends Path> batch, int[] tokens) {
    checkOpen();
    List<VectorPath> growing = new ArrayList<>();
    batch.forEach(path -> growing.add(own(path)));
    limits.check(growing, tokens);
    if (tokens.length == 0) {
      return;
    }
    if (states == null) {
      cache.require(growth(batch), 0);
    } else {
      states.require(growth(batch), 0, growing);
      growing.stream().filter(path -> path.state() == null).forEach(this::restore);
      growing.forEach(states::own);
    }
    reserve(tokens.length);
    for (int i = 0; i < tokens.length; i++) {
      VectorPath path = growing.get(i);
      if (!path.isAtEnd()) {
        path.branch();
      }
      indices[i] = path.grow(tokens[i]);
      chunks[i] = path.chunk();
      chunks[i].plan.state = path.state();
    }
    compute(tokens.length, tokens, growing);
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
  public void inParallel(int count, IntConsumer work) {
    lm.pool().run(count, (index, worker) -> work.accept(index));
  }

  @Override
  public short[] experts(Path path) {
    checkOpen();
    VectorPath own = own(path);
    if (config.design().experts() == null) {
      return new short[0];
    }
    int perToken = config.layers() * config.design().experts().perToken();
    short[] experts = new short[own.length() * perToken];
    KvChunk chunk = own.chunk();
    int length = own.lengthInChunk();
    while (chunk != null) {
      System.arraycopy(chunk.experts(), 0, experts, chunk.start() * perToken, length * perToken);
      length = chunk.parentLength();
      chunk = chunk.parent();
    }
    return experts;
  }

  @Override
  public void release(Path path) {
    checkOpen();
    VectorPath own = own(path);
    paths.remove(own);
    if (states != null) {
      states.release(own.state());
      own.state(null);
    }
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

  private void compute(int count, int[] tokens, List<VectorPath> growing) {
    plan.build(count, chunks, indices, tokens);
    step.run(plan, false);
    tokensComputed += count;
    if (states != null) {
      growing.forEach(states::snapshot);
    }
    growing.clear();
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
    int before = logits.length;
    if (before < count) {
      logits = Arrays.copyOf(logits, count);
      Arrays.setAll(logits, i -> i < before ? logits[i] : new float[config.vocabSize()]);
    }
  }
}
