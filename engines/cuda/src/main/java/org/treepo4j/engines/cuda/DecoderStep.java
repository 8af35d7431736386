package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;
import static org.treepo4j.engines.cuda.DeviceArray.Type.I32;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.treepo4j.checkpoints.ModelConfig;
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
  private long steps;
  private int rows;
  private int longest;
  private int[] tokens = new int[64];
  private int[] positions = new int[64];
  private int[] slots = new int[64];
  private int[] lengths = new int[64];
  private int[] paths = new int[64];
  private CudaChunk[] chunks = new CudaChunk[64];
  private int[] starts = new int[65];
  private int[] runSlots = new int[64];
  private int[] runEnds = new int[64];
  private final Ints tokensOn = new Ints();
  private final Ints positionsOn = new Ints();
  private final Ints slotsOn = new Ints();
  private final Ints lengthsOn = new Ints();
  private final Ints pathsOn = new Ints();
  private final Ints startsOn = new Ints();
  private final Ints runSlotsOn = new Ints();
  private final Ints runEndsOn = new Ints();
  private DeviceArray growth;
  private CacheAttention.Paths seen;

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

  /** Integers that are written for every step; the array grows by halves. */
  private final class Ints {
    private DeviceArray array;

    DeviceArray write(int[] values, int count) {
      if (array == null || array.length() < count) {
        array = device.atLeast(array, I32, Math.max(64, count + count / 2));
      }
      device.write(array, values, 0, count);
      return array;
    }
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
  }

  int rows() {
    return rows;
  }

  /** Adds the last token of a chunk to the step. */
  void add(CudaChunk chunk, int token) {
    if (rows == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * rows);
      positions = Arrays.copyOf(positions, 2 * rows);
      slots = Arrays.copyOf(slots, 2 * rows);
      lengths = Arrays.copyOf(lengths, 2 * rows);
      paths = Arrays.copyOf(paths, 2 * rows);
      chunks = Arrays.copyOf(chunks, 2 * rows);
    }
    tokens[rows] = token;
    slots[rows] = chunk.slot(chunk.length() - 1);
    lengths[rows] = chunk.start() + chunk.length();
    positions[rows] = lengths[rows] - 1;
    chunks[rows++] = chunk;
  }

  /**
   * Computes what was added.
   *
   * @param prompts whether these are tokens of prompts, many of them of one path
   */
  void run(boolean prompts) {
    describe();
    rotary.reserve(longest);
    activations.reserve(rows, false);
    float[] factors = CudaForward.growth(config, Arrays.copyOf(positions, rows));
    if (factors != null) {
      growth = device.atLeast(growth, F32, rows);
      device.write(growth, factors, 0, rows);
    }
    slotsOn.write(slots, rows);
    CudaForward.Batch batch =
        new CudaForward.Batch(
            rows,
            tokensOn.write(tokens, rows),
            positionsOn.write(positions, rows),
            factors == null ? null : growth,
            !prompts);
    if (prompts) {
      compute(batch);
    } else {
      step(batch);
    }
    rows = 0;
  }

  private void compute(CudaForward.Batch batch) {
    if (fused != null && batch.decoding()) {
      fused.run(batch, activations, slotsOn.array, cache, this::attendCached);
    } else {
      forward.run(batch, activations, this);
    }
    kernels
        .rows()
        .scatter(rows, config.hiddenSize(), slotsOn.array, activations.hidden(), cache.hidden());
  }

  /** Launches a recorded step where there is one: one call instead of hundreds. */
  private void step(CudaForward.Batch batch) {
    longest = Math.max(CacheAttention.PART, Integer.highestOneBit(2 * longest - 1));
    if (fused != null) {
      fused.reserve(rows);
    } else {
      forward.reserve(rows);
    }
    kernels.cacheAttention().reserve(shape, rows, longest);
    if (addresses != device.changes()) {
      forget();
      addresses = device.changes();
    }
    Recorded alike = recorded.computeIfAbsent(new Alike(rows, longest), kind -> new Recorded());
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

  /** Where the tokens are that each row sees: a list of runs for every chunk of the step. */
  private void describe() {
    steps++;
    int count = 0;
    int runs = 0;
    longest = 0;
    for (int row = 0; row < rows; row++) {
      CudaChunk chunk = chunks[row];
      longest = Math.max(longest, lengths[row]);
      if (chunk.step != steps) {
        chunk.step = steps;
        chunk.number = count++;
        if (starts.length <= count) {
          starts = Arrays.copyOf(starts, 2 * count + 1);
        }
        CudaChunk.Runs own = chunk.runs(chunk.length());
        if (runSlots.length < runs + own.count()) {
          runSlots = Arrays.copyOf(runSlots, 2 * (runs + own.count()));
          runEnds = Arrays.copyOf(runEnds, 2 * (runs + own.count()));
        }
        for (int run = 0; run < own.count(); run++) {
          runSlots[runs] = own.slot(run);
          runEnds[runs++] = own.end(run);
        }
        starts[count] = runs;
      }
      paths[row] = chunk.number;
    }
    seen =
        new CacheAttention.Paths(
            pathsOn.write(paths, rows),
            lengthsOn.write(lengths, rows),
            startsOn.write(starts, count + 1),
            runSlotsOn.write(runSlots, runs),
            runEndsOn.write(runEnds, runs));
    Arrays.fill(chunks, 0, rows, null);
  }

  @Override
  public void attend(int layer, Activations.Inner inner) {
    kernels.rows().scatter(rows, config.kvSize(), slotsOn.array, inner.k, cache.keys(layer));
    kernels.rows().scatter(rows, config.kvSize(), slotsOn.array, inner.v, cache.values(layer));
    attendCached(layer, inner);
  }

  private void attendCached(int layer, Activations.Inner inner) {
    kernels
        .cacheAttention()
        .forward(
            shape,
            rows,
            longest,
            config.window(layer),
            seen,
            inner.q,
            cache.keys(layer),
            cache.values(layer),
            inner.attended);
  }

  @Override
  public void close() {
    forget();
    activations.close();
    for (Ints ints :
        new Ints[] {
          tokensOn, positionsOn, slotsOn, lengthsOn, pathsOn, startsOn, runSlotsOn, runEndsOn
        }) {
      device.free(ints.array);
    }
    device.free(growth);
  }
}
