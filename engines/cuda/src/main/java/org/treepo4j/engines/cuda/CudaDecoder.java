package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.CudaChunk.CudaPath;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.DecoderStatistics;
import org.treepo4j.model.TokenSampler;
import org.treepo4j.model.engine.TokenLimits;

/**
 * The engine's decoder: keeps the tree of chunks, checks the callers, and hands batches to {@link
 * DecoderStep}.
 *
 * <p>Of several paths that end at one token, the first to go on stays in the chunk and the others
 * get chunks of their own behind it.
 */
final class CudaDecoder implements BranchingDecoder {
  /** Tokens of prompts that are computed as one batch. */
  private static final int PREFILL_ROWS = 512;

  private final CudaCausalLm lm;
  private final ModelConfig config;
  private final TokenLimits limits;
  private final Device device;
  private final Kernels kernels;
  private final Type type;
  private final CudaCache cache;
  private final DecoderStep step;
  private final long version;
  private final Set<CudaPath> paths = new HashSet<>();
  private DeviceArray lastSlots;
  private DeviceArray lastHidden;
  private DeviceArray logitsOn;
  private float[][] logits = new float[0][];
  private long tokensComputed;
  private long batches;
  private boolean closed;

  CudaDecoder(
      CudaCausalLm lm,
      Device device,
      Kernels kernels,
      CudaForward forward,
      StepForward fused,
      CudaRotary rotary,
      Type type,
      DecoderOptions options) {
    this.lm = lm;
    this.config = lm.config();
    this.limits = TokenLimits.of(config);
    this.device = device;
    this.kernels = kernels;
    this.type = type;
    this.cache = new CudaCache(device, config, type, options.cacheBytes(device.memory().free()));
    this.step = new DecoderStep(device, config, kernels, forward, fused, rotary, cache, type);
    this.version = lm.version();
  }

  @Override
  public int vocabSize() {
    return config.vocabSize();
  }

  @Override
  public List<Path> prefill(List<Prompt> prompts) {
    checkOpen();
    long blocks = 0;
    for (Prompt prompt : prompts) {
      if (prompt.before() != null) {
        own(prompt.before());
      }
      limits.check(prompt);
      blocks += (prompt.tokens().length + CudaCache.BLOCK - 1) / CudaCache.BLOCK;
    }
    cache.require(blocks);
    List<Path> made = new ArrayList<>();
    for (Prompt prompt : prompts) {
      CudaPath path = new CudaPath(this, chunkBehind(prompt.before()), 0);
      paths.add(path);
      made.add(path);
      for (int token : prompt.tokens()) {
        if (step.rows() == PREFILL_ROWS) {
          compute(true);
        }
        path.grow();
        step.add(path.chunk(), token);
      }
    }
    compute(true);
    return made;
  }

  private CudaChunk chunkBehind(Path before) {
    if (before == null) {
      return CudaChunk.root(cache);
    }
    CudaPath path = own(before);
    return path.chunk().branch(path.lengthInChunk());
  }

  private void compute(boolean prompts) {
    if (step.rows() > 0) {
      tokensComputed += step.rows();
      step.run(prompts);
    }
  }

  @Override
  public Path fork(Path path, int length) {
    checkOpen();
    CudaPath from = own(path);
    TokenLimits.checkShared(from, length);
    CudaChunk chunk = from.chunk();
    while (chunk.start() >= length) {
      chunk = chunk.parent();
    }
    CudaPath fork = new CudaPath(this, chunk, length - chunk.start());
    paths.add(fork);
    return fork;
  }

  @Override
  public void append(List<? extends Path> batch, int[] tokens) {
    checkOpen();
    batch.forEach(this::own);
    limits.check(batch, tokens);
    if (tokens.length == 0) {
      return;
    }
    cache.require(growth(batch));
    for (int i = 0; i < tokens.length; i++) {
      CudaPath path = own(batch.get(i));
      if (!path.isAtEnd()) {
        path.branch();
      }
      path.grow();
      step.add(path.chunk(), tokens[i]);
    }
    compute(false);
    batches++;
  }

  /** Blocks this batch will take: of the paths at one end, only the first stays there. */
  private long growth(List<? extends Path> batch) {
    long growth = 0;
    Set<CudaChunk> continued = new HashSet<>();
    for (Path each : batch) {
      CudaPath path = own(each);
      boolean stays = path.isAtEnd() && continued.add(path.chunk());
      growth += stays ? path.chunk().growth(1) : 1;
    }
    return growth;
  }

  @Override
  public float[][] nextLogits(List<? extends Path> batch) {
    checkOpen();
    int count = batch.size();
    DeviceArray computed = computeLogits(batch, 0, count);
    int before = logits.length;
    if (before < count) {
      logits = Arrays.copyOf(logits, count);
      Arrays.setAll(logits, i -> i < before ? logits[i] : new float[vocabSize()]);
    }
    float[][] rows = new float[count][];
    for (int i = 0; i < count; i++) {
      rows[i] = logits[i];
      device.read(computed.from((long) i * vocabSize()), rows[i], 0, vocabSize());
    }
    return rows;
  }

  /**
   * Logits after some paths on the device, good until the next call, {@code F32 [to − from ×
   * vocabulary]}.
   */
  DeviceArray computeLogits(List<? extends Path> batch, int from, int to) {
    checkOpen();
    int count = to - from;
    int[] slots = new int[count];
    for (int i = 0; i < count; i++) {
      slots[i] = own(batch.get(from + i)).slot();
    }
    int width = config.hiddenSize();
    lastSlots = device.atLeast(lastSlots, I32, count);
    device.write(lastSlots, slots, 0, count);
    lastHidden = device.atLeast(lastHidden, type, (long) count * width);
    logitsOn = device.atLeast(logitsOn, F32, (long) count * vocabSize());
    if (count > 0) {
      kernels.rows().gather(count, width, lastSlots, cache.hidden(), lastHidden);
      kernels
          .head()
          .logits(
              count,
              width,
              vocabSize(),
              lastHidden,
              lm.head().operand(),
              lm.logitShape(),
              logitsOn);
    }
    return logitsOn;
  }

  @Override
  public TokenSampler sampler() {
    checkOpen();
    return new CudaSampler(this, device, kernels.sampler());
  }

  @Override
  public void release(Path path) {
    checkOpen();
    CudaPath own = own(path);
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
    if (!closed && lm.isOpen()) {
      step.close();
      cache.close();
      device.free(lastSlots);
      device.free(lastHidden);
      device.free(logitsOn);
    }
    closed = true;
    paths.clear();
  }

  private CudaPath own(Path path) {
    if (!(path instanceof CudaPath own) || own.decoder() != this) {
      throw new IllegalArgumentException("path belongs to another decoder");
    }
    if (own.chunk() == null) {
      throw new IllegalArgumentException("path has been released");
    }
    return own;
  }

  /** Whether its memory is still there. */
  boolean isOpen() {
    return !closed && lm.isOpen();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this decoder is closed");
    }
    if (version != lm.version()) {
      throw new IllegalStateException("the weights have changed: open a new decoder");
    }
  }
}
