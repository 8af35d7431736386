package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.LinkedHashMap;
import java.util.Map;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.CudaLinear.Rows;
import org.treepo4j.engines.cuda.DeviceArray.Type;

/**
 * Computes new tokens of a decoder: {@link CudaForward} with attention over the cache, in which
 * keys, values and final hidden states of the tokens end up.
 */
final class DecoderStep implements CudaForward.Mixer, AutoCloseable {
  /** A step is recorded when as many like it have been computed. */
  private static final int TIMES_BEFORE = 2;

  private static final int MOST_RECORDED = 128;

  private final Device device;
  private final ModelConfig config;
  private final Kernels kernels;
  private final CudaForward forward;

  /** Computes tokens behind prompts; null where {@link #forward} does. */
  private final StepForward fused;

  private final CudaRotary rotary;
  private final CudaCache cache;
  private final AttentionShape shape;
  private final Activations activations;
  private final StepRows rows;

  /** At least the tokens of the longest path. */
  private int longest;

  private DeviceArray growth;

  /** Steps of which there were some alike, recorded; least recently used first. */
  private final Map<Alike, Recorded> recorded = new LinkedHashMap<>(16, 0.75f, true);

  /** State of the device's memory that recorded steps belong to. */
  private long addresses;

  /** What makes steps launch the same kernels. */
  private record Alike(int rows, int longest) {}

  /** A kind of step: how often it was computed, and its graph as soon as that was often enough. */
  private static final class Recorded {
    private int computed;
    private Device.Graph graph;
  }

  DecoderStep(
      Device device,
      ModelConfig config,
      Kernels kernels,
      CudaForward forward,
      StepForward fused,
      CudaRotary rotary,
      CudaCache cache,
      Type type) {
    this.device = device;
    this.config = config;
    this.kernels = kernels;
    this.forward = forward;
    this.fused = fused;
    this.rotary = rotary;
    this.cache = cache;
    this.shape = AttentionShape.of(config);
    this.activations = new Activations(device, config, type);
    this.rows = new StepRows(device);
  }

  int rows() {
    return rows.count();
  }

  /** Adds the last token of a chunk to the step. */
  void add(CudaChunk chunk, int token) {
    rows.add(chunk, token);
  }

  /**
   * Computes what was added.
   *
   * @param prompts whether these are tokens of prompts, many of them of one path
   */
  void run(boolean prompts) {
    rows.write();
    int count = rows.count();
    longest = rows.longest();
    rotary.reserve(longest);
    activations.reserve(count, false);
    float[] factors = CudaForward.growth(config, rows.hostPositions());
    if (factors != null) {
      growth = device.atLeast(growth, F32, count);
      device.write(growth, factors, 0, count);
    }
    CudaForward.Batch batch =
        new CudaForward.Batch(
            count,
            rows.tokens(),
            rows.positions(),
            factors == null ? null : growth,
            prompts ? Rows.OF_PROMPTS : Rows.OF_STEP);
    if (prompts) {
      compute(batch);
    } else {
      step(batch);
    }
    rows.clear();
  }

  private void compute(CudaForward.Batch batch) {
    if (fused != null && batch.kind() == Rows.OF_STEP) {
      fused.run(batch, activations, rows.slots(), cache, this::attendCached);
    } else {
      forward.run(batch, activations, this);
    }
    kernels
        .rows()
        .scatter(
            batch.rows(), config.hiddenSize(), rows.slots(), activations.hidden(), cache.hidden());
  }

  /** Launches a recorded step where there is one: one call instead of hundreds. */
  private void step(CudaForward.Batch batch) {
    longest = Math.max(CacheAttention.PART, Integer.highestOneBit(2 * longest - 1));
    if (fused != null) {
      fused.reserve(batch.rows());
    } else {
      forward.reserve(batch.rows());
    }
    kernels.cacheAttention().reserve(shape, batch.rows(), longest);
    if (addresses != device.changes()) {
      forget();
      addresses = device.changes();
    }
    Recorded alike =
        recorded.computeIfAbsent(new Alike(batch.rows(), longest), kind -> new Recorded());
    if (recorded.size() > MOST_RECORDED) {
      Recorded oldest = recorded.remove(recorded.keySet().iterator().next());
      if (oldest.graph != null) {
        oldest.graph.close();
      }
    }
    if (alike.graph == null && alike.computed >= TIMES_BEFORE) {
      alike.graph = device.capture(() -> compute(batch));
    }
    if (alike.graph == null) {
      alike.computed++;
      compute(batch);
      return;
    }
    alike.graph.launch();
  }

  private void forget() {
    for (Recorded each : recorded.values()) {
      if (each.graph != null) {
        each.graph.close();
      }
    }
    recorded.clear();
  }

  @Override
  public void attend(int layer, Activations.Inner inner) {
    kernels.rows().scatter(rows.count(), config.kvSize(), rows.slots(), inner.k, cache.keys(layer));
    kernels
        .rows()
        .scatter(rows.count(), config.kvSize(), rows.slots(), inner.v, cache.values(layer));
    attendCached(layer, inner);
  }

  private void attendCached(int layer, Activations.Inner inner) {
    kernels
        .cacheAttention()
        .forward(
            shape,
            rows.count(),
            longest,
            config.window(layer),
            rows.seen(),
            inner.q,
            cache.keys(layer),
            cache.values(layer),
            inner.attended);
  }

  @Override
  public void close() {
    forget();
    activations.close();
    rows.close();
    device.free(growth);
  }
}
