package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.HeadShape.PANEL;

import java.util.List;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.Design.QueryGrowth;
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
  private final List<Rope> ropes;
  private final PackedProducts products;
  private final LogitShape logitShape;
  private final float residualScale;
  private final DecoderAttention attention;
  private final AttentionGate attentionGate;

  /** Null without linear layers. */
  private final DecoderDelta delta;

  /** Null with dense feed-forward layers. */
  private final Router router;

  private final int hiddenStride;
  private final int attentionStride;
  private final int attendedStride;
  private final int ffnStride;

  /** The residual stream. */
  private float[] x = new float[0];

  private float[] normed = new float[0];
  private float[] qkv = new float[0];
  private float[] attended = new float[0];
  private float[] activated = new float[0];
  private float[] addend = new float[0];

  /** Logits of the router, and the rows of one expert. */
  private float[] routerLogits = new float[0];

  private float[] gathered = new float[0];
  private final Router.Choice choice = new Router.Choice();

  /** Gates of attention's output, {@code [rows × heads·dim]}. */
  private float[] gates = new float[0];

  DecoderStep(ModelParameters model, DecoderWeights weights, Kernels kernels) {
    this.model = model;
    this.config = model.config();
    this.weights = weights;
    this.pool = kernels.pool();
    this.norm = kernels.norm();
    this.ropes = kernels.ropes();
    this.products = new PackedProducts(pool, kernels.activation());
    this.logitShape = LogitShape.of(config);
    this.residualScale = (float) config.design().scales().residual();
    this.attention = new DecoderAttention(pool, HeadShape.of(config));
    this.attentionGate = config.architecture().gatesAttention() ? kernels.attentionGate() : null;
    DeltaRule rule = config.design().deltaRule();
    this.delta = rule == null ? null : new DecoderDelta(config, pool, norm);
    this.hiddenStride = DecoderWeights.whole(config.hiddenSize());
    this.attentionStride = DecoderWeights.attentionWidth(config);
    this.attendedStride = DecoderWeights.whole(config.querySize());
    Experts experts = config.design().experts();
    this.router = experts == null ? null : new Router(experts);
    this.ffnStride = DecoderWeights.whole(experts == null ? config.ffnSize() : experts.width());
  }

  /**
   * Computes the rows of a plan, whose places in the cache are already taken.
   *
   * @param replay whether the cache holds them already, and states alone are to be brought on
   */
  void run(BatchPlan plan, boolean replay) {
    int rows = plan.rows();
    reserve(rows);
    for (Rope rope : ropes) {
      if (rope != null) {
        rope.reserve(rows, plan.positions());
      }
    }
    embed(plan);
    if (delta != null) {
      delta.begin(plan);
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      LayerParameters parameters = model.layers().get(layer);
      DecoderWeights.Layer packed = weights.layer(layer);
      float[] input = input(rows, parameters.attentionNorm());
      if (parameters.delta() != null) {
        delta(plan, layer, packed, parameters, input);
        feedForward(plan, layer, packed, parameters);
        continue;
      }
      products.multiply(packed.attention(), rows, input, hiddenStride, qkv, attentionStride, false);
      store(plan, layer, parameters, replay);
      attention.forward(
          plan,
          config.attentionLayersBefore(layer),
          config.window(layer),
          qkv,
          attentionStride,
          attended,
          attendedStride);
      applyGates(rows);
      join(
          packed.output(),
          rows,
          attended,
          attendedStride,
          parameters.outputBias(),
          parameters.attentionOutNorm());
      feedForward(plan, layer, packed, parameters);
    }
    if (!replay) {
      keepHidden(plan);
    }
  }

  private void feedForward(
      BatchPlan plan, int layer, DecoderWeights.Layer packed, LayerParameters parameters) {
    int rows = plan.rows();
    float[] input = input(rows, parameters.ffnNorm());
    if (packed.dense() == null) {
      experts(plan, layer, packed, input);
      return;
    }
    products.gateUp(packed.dense().gateUp(), rows, input, hiddenStride, activated, ffnStride);
    join(packed.dense().down(), rows, activated, ffnStride, null, parameters.ffnOutNorm());
  }

  /** Expert by expert; a row gets the outputs of its own in that order, whatever the batch. */
  private void experts(BatchPlan plan, int layer, DecoderWeights.Layer packed, float[] input) {
    int rows = plan.rows();
    int count = packed.experts().size();
    int logitStride = DecoderWeights.whole(count);
    int width = DecoderWeights.whole(config.design().experts().width());
    routerLogits = FloatArrays.atLeast(routerLogits, rows * logitStride);
    products.multiply(packed.router(), rows, input, hiddenStride, routerLogits, logitStride, false);
    router.forward(rows, routerLogits, logitStride, choice, null, layer);
    int perToken = config.design().experts().perToken();
    for (int row = 0; row < rows; row++) {
      plan.chunk(row)
          .keepExperts(
              plan.index(row), layer, config.layers(), choice.chosen, row * perToken, perToken);
    }
    gathered = FloatArrays.atLeast(gathered, rows * hiddenStride);
    addend = FloatArrays.atLeast(addend, rows * hiddenStride);
    for (int e = 0; e < count; e++) {
      int from = choice.starts[e];
      int n = choice.starts[e + 1] - from;
      for (int i = 0; i < n; i++) {
        int row = choice.places[from + i] / config.design().experts().perToken();
        System.arraycopy(input, row * hiddenStride, gathered, i * hiddenStride, hiddenStride);
      }
      if (n > 0) {
        DecoderWeights.FeedForward expert = packed.experts().get(e);
        products.gateUp(expert.gateUp(), n, gathered, hiddenStride, activated, width);
        products.multiply(
            packed.experts().get(e).down(), n, activated, width, addend, hiddenStride, false);
      }
      for (int i = 0; i < n; i++) {
        int place = choice.places[from + i];
        int at = i * hiddenStride;
        RowMath.scale(addend, at, choice.weights[place], addend, at, config.hiddenSize());
        int row = place / config.design().experts().perToken();
        RowMath.add(addend, at, x, row * hiddenStride, config.hiddenSize());
      }
    }
  }

  private void delta(
      BatchPlan plan,
      int layer,
      DecoderWeights.Layer packed,
      LayerParameters parameters,
      float[] input) {
    int rows = plan.rows();
    float[] mixed = delta.reserve(rows);
    products.multiply(
        packed.attention(), rows, input, hiddenStride, mixed, delta.inputStride(), false);
    int index = layer - config.attentionLayersBefore(layer);
    float[] out = delta.forward(plan, index, parameters.delta());
    join(packed.output(), rows, out, delta.outputStride(), null, parameters.attentionOutNorm());
  }

  private void applyGates(int rows) {
    if (attentionGate != null) {
      pool.eachRow(
          rows,
          ROWS_PER_TASK,
          row -> {
            int at = row * attendedStride;
            attentionGate.row(attended, at, gates, row * config.querySize(), attended, at);
          });
    }
  }

  /**
   * Logits of rows of final hidden states.
   *
   * @param hidden {@code [rows × hidden]}
   * @param logits receives them, {@code [rows][vocabSize]}
   */
  void logits(int rows, float[] hidden, float[][] logits) {
    products.rows(
        weights.head(),
        rows,
        hidden,
        config.hiddenSize(),
        (row, output, tile, at, count) -> {
          int columns = Math.min(count, config.vocabSize() - output);
          if (!logitShape.plain()) {
            logitShape.forward(tile, at, columns);
          }
          System.arraycopy(tile, at, logits[row], output, columns);
        });
  }

  private void embed(BatchPlan plan) {
    float[] table = model.embedding().values();
    int width = config.hiddenSize();
    float scale = (float) config.design().scales().embedding();
    for (int row = 0; row < plan.rows(); row++) {
      RowMath.scale(table, plan.tokens()[row] * width, scale, x, row * hiddenStride, width);
    }
  }

  /** A layer's input, normalised where the model does. */
  private float[] input(int rows, NormWeight weight) {
    if (weight == null) {
      return x;
    }
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> {
          int at = row * hiddenStride;
          norm.row(config.hiddenSize(), x, at, weight.factors(), normed, at);
        });
    return normed;
  }

  /** Adds {@code scale·norm(from·Wᵀ + b)} to the residual stream. */
  private void join(
      PackedMatrix matrix,
      int rows,
      float[] from,
      int fromStride,
      Parameter bias,
      NormWeight weight) {
    if (weight == null && residualScale == 1) {
      products.multiply(matrix, rows, from, fromStride, x, hiddenStride, true);
      for (int row = 0; row < rows; row++) {
        addBias(bias, x, row * hiddenStride);
      }
      return;
    }
    int width = config.hiddenSize();
    addend = FloatArrays.atLeast(addend, rows * hiddenStride);
    products.multiply(matrix, rows, from, fromStride, addend, hiddenStride, false);
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> {
          int at = row * hiddenStride;
          addBias(bias, addend, at);
          if (weight != null) {
            norm.row(width, addend, at, weight.factors(), addend, at);
          }
          RowMath.scale(addend, at, residualScale, addend, at, width);
          RowMath.add(addend, at, x, at, width);
        });
  }

  /** Biases, head norms and rotation; then keys and values go into the cache. */
  private void store(BatchPlan plan, int layer, LayerParameters parameters, boolean replay) {
    int rows = plan.rows();
    int firstHead = config.attentionLayersBefore(layer) * config.kvHeads();
    int k0 = DecoderWeights.whole(config.queryRows());
    int v0 = k0 + DecoderWeights.whole(config.kvSize());
    Rope rope = ropes.get(layer);
    QueryGrowth growth = config.design().queryGrowth();
    pool.eachRow(
        rows,
        ROWS_PER_TASK,
        row -> {
          int at = row * attentionStride;
          int position = plan.positions()[row];
          if (attentionGate != null) {
            attentionGate.split(qkv, at, qkv, at, gates, row * config.querySize());
          }
          addBias(parameters.queryBias(), qkv, at);
          addBias(parameters.keyBias(), qkv, at + k0);
          addBias(parameters.valueBias(), qkv, at + v0);
          normaliseHeads(parameters.queryNorm(), at, config.querySize());
          normaliseHeads(parameters.keyNorm(), at + k0, config.kvSize());
          if (rope != null) {
            rope.row(qkv, at, config.heads(), position);
            rope.row(qkv, at + k0, config.kvHeads(), position);
          }
          if (growth.beta() != 0) {
            RowMath.scale(qkv, at, (float) growth.at(position), qkv, at, config.querySize());
          }
          if (!replay) {
            int index = plan.index(row);
            plan.chunk(row)
                .block(index)
                .store(firstHead, config.kvHeads(), index % PANEL, qkv, at + k0, at + v0);
          }
        });
  }

  private static void addBias(Parameter bias, float[] to, int at) {
    if (bias != null) {
      RowMath.add(bias.values(), 0, to, at, bias.values().length);
    }
  }

  private void normaliseHeads(NormWeight weight, int at, int size) {
    if (weight != null) {
      for (int from = at; from < at + size; from += weight.width()) {
        norm.row(weight.width(), qkv, from, weight.factors(), qkv, from);
      }
    }
  }

  private void keepHidden(BatchPlan plan) {
    int width = config.hiddenSize();
    float[] weight = model.finalNorm().factors();
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
    if (attentionGate != null) {
      gates = FloatArrays.atLeast(gates, rows * config.querySize());
    }
    activated = FloatArrays.atLeast(activated, rows * ffnStride);
  }
}
