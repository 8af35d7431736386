package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.GemmKernel.WIDE;
import static org.treepo4j.engines.vector.HeadShape.PANEL;

import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Parameter;

/**
 * Feeds a batch of new tokens through the model: keys and values go into the cache, and so do final
 * hidden states. Rows of all buffers are rounded up to whole panels.
 */
final class DecoderStep {
  /** Rows whose small work, norms and rotations, is worth a task. */
  private static final int ROWS_PER_TASK = 8;

  private final ModelParameters model;
  private final ModelConfig config;
  private final DecoderWeights weights;
  private final WorkerPool pool;
  private final RmsNorm norm;
  private final Rope rope;
  private final DecoderAttention attention;
  private final int hiddenStride;
  private final int attentionStride;
  private final int attendedStride;
  private final int ffnStride;
  private final float[][] scratch;

  /** The residual stream. */
  private float[] x = new float[0];

  private float[] normed = new float[0];
  private float[] qkv = new float[0];
  private float[] attended = new float[0];
  private float[] activated = new float[0];

  DecoderStep(ModelParameters model, DecoderWeights weights, Kernels kernels) {
    this.model = model;
    this.config = model.config();
    this.weights = weights;
    this.pool = kernels.pool();
    this.norm = kernels.norm();
    this.rope = kernels.rope();
    this.attention = new DecoderAttention(pool, HeadShape.of(config));
    this.hiddenStride = DecoderWeights.whole(config.hiddenSize());
    this.attentionStride = DecoderWeights.attentionWidth(config);
    this.attendedStride = DecoderWeights.whole(config.querySize());
    this.ffnStride = DecoderWeights.ffnWidth(config);
    this.scratch = new float[pool.threads()][0];
  }

  /** Computes the rows of a plan, whose places in the cache are already taken. */
  void run(BatchPlan plan) {
    int rows = plan.rows();
    reserve(rows);
    rope.reserve(rows, plan.positions());
    embed(plan);
    for (int layer = 0; layer < config.layers(); layer++) {
      LayerParameters parameters = model.layers().get(layer);
      DecoderWeights.Layer packed = weights.layer(layer);
      normalise(rows, parameters.inputNorm());
      multiply(packed.attention(), rows, normed, hiddenStride, qkv, attentionStride, false);
      store(plan, layer, parameters);
      attention.forward(plan, layer, qkv, attentionStride, attended, attendedStride);
      multiply(packed.output(), rows, attended, attendedStride, x, hiddenStride, true);
      addBias(rows, parameters.outputBias());
      normalise(rows, parameters.postAttentionNorm());
      gateUp(packed.gateUp(), rows);
      multiply(packed.down(), rows, activated, ffnStride, x, hiddenStride, true);
    }
    keepHidden(plan);
  }

  /**
   * Logits of rows of final hidden states.
   *
   * @param hidden {@code [rows × hidden]}
   * @param logits receives them, {@code [rows][vocabSize]}
   */
  void logits(int rows, float[] hidden, float[][] logits) {
    PackedMatrix head = weights.head();
    reserveScratch(rows);
    pool.run(
        head.panels(),
        (panel, worker) -> {
          float[] tile = scratch[worker];
          head.multiply(panel, rows, hidden, config.hiddenSize(), tile, 0, WIDE, false);
          int columns = Math.min(WIDE, config.vocabSize() - panel * WIDE);
          for (int row = 0; row < rows; row++) {
            System.arraycopy(tile, row * WIDE, logits[row], panel * WIDE, columns);
          }
        });
  }

  private void embed(BatchPlan plan) {
    float[] table = model.embedding().values();
    int width = config.hiddenSize();
    for (int row = 0; row < plan.rows(); row++) {
      System.arraycopy(table, plan.tokens()[row] * width, x, row * hiddenStride, width);
    }
  }

  private void normalise(int rows, Parameter weight) {
    pool.run(
        (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK,
        (task, worker) -> {
          int end = Math.min(rows, (task + 1) * ROWS_PER_TASK);
          for (int row = task * ROWS_PER_TASK; row < end; row++) {
            int at = row * hiddenStride;
            norm.row(config.hiddenSize(), x, at, weight.values(), normed, at);
          }
        });
  }

  private void multiply(
      PackedMatrix matrix,
      int rows,
      float[] from,
      int fromStride,
      float[] to,
      int toStride,
      boolean add) {
    pool.run(
        matrix.panels(),
        (panel, worker) ->
            matrix.multiply(panel, rows, from, fromStride, to, panel * WIDE, toStride, add));
  }

  /** Biases, head norms and rotation; then keys and values go into the cache. */
  private void store(BatchPlan plan, int layer, LayerParameters parameters) {
    int rows = plan.rows();
    int k0 = DecoderWeights.whole(config.querySize());
    int v0 = k0 + DecoderWeights.whole(config.kvSize());
    pool.run(
        (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK,
        (task, worker) -> {
          int end = Math.min(rows, (task + 1) * ROWS_PER_TASK);
          for (int row = task * ROWS_PER_TASK; row < end; row++) {
            int at = row * attentionStride;
            int position = plan.positions()[row];
            addBias(parameters.queryBias(), at);
            addBias(parameters.keyBias(), at + k0);
            addBias(parameters.valueBias(), at + v0);
            normaliseHeads(parameters.queryNorm(), at, config.heads());
            normaliseHeads(parameters.keyNorm(), at + k0, config.kvHeads());
            rope.row(qkv, at, config.heads(), position);
            rope.row(qkv, at + k0, config.kvHeads(), position);
            int index = plan.index(row);
            plan.chunk(row)
                .block(index)
                .store(
                    layer * config.kvHeads(),
                    config.kvHeads(),
                    index % PANEL,
                    qkv,
                    at + k0,
                    at + v0);
          }
        });
  }

  private void addBias(Parameter bias, int at) {
    if (bias != null) {
      RowMath.add(bias.values(), 0, qkv, at, bias.values().length);
    }
  }

  private void normaliseHeads(Parameter weight, int at, int heads) {
    if (weight != null) {
      for (int head = 0; head < heads; head++) {
        int from = at + head * config.headDim();
        norm.row(config.headDim(), qkv, from, weight.values(), qkv, from);
      }
    }
  }

  private void addBias(int rows, Parameter bias) {
    if (bias != null) {
      for (int row = 0; row < rows; row++) {
        RowMath.add(bias.values(), 0, x, row * hiddenStride, config.hiddenSize());
      }
    }
  }

  private void gateUp(PackedMatrix matrix, int rows) {
    pool.run(
        matrix.panels() / 2,
        (panel, worker) -> {
          float[] up = scratch[worker];
          int at = panel * WIDE;
          matrix.multiply(2 * panel, rows, normed, hiddenStride, activated, at, ffnStride, false);
          matrix.multiply(2 * panel + 1, rows, normed, hiddenStride, up, 0, WIDE, false);
          for (int row = 0; row < rows; row++) {
            SwiGlu.row(WIDE, activated, at + row * ffnStride, up, row * WIDE);
          }
        });
  }

  private void keepHidden(BatchPlan plan) {
    int width = config.hiddenSize();
    float[] weight = model.finalNorm().values();
    for (int row = 0; row < plan.rows(); row++) {
      int index = plan.index(row);
      KvBlock block = plan.chunk(row).block(index);
      norm.row(width, x, row * hiddenStride, weight, block.hidden, index % PANEL * width);
    }
  }

  private void reserve(int rows) {
    x = FloatArrays.atLeast(x, rows * hiddenStride);
    normed = FloatArrays.atLeast(normed, rows * hiddenStride);
    qkv = FloatArrays.atLeast(qkv, rows * attentionStride);
    attended = FloatArrays.atLeast(attended, rows * attendedStride);
    activated = FloatArrays.atLeast(activated, rows * ffnStride);
    reserveScratch(rows);
  }

  private void reserveScratch(int rows) {
    for (int worker = 0; worker < scratch.length; worker++) {
      scratch[worker] = FloatArrays.atLeast(scratch[worker], rows * WIDE);
    }
  }
}
