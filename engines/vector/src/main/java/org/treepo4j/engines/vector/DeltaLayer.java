package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.model.Parameter;

/**
 * A linear layer of a training pass, from its normalised input to what joins the residual stream:
 * projections, convolution, unit queries and keys, {@link TreeDelta}, gated norm, projection. What
 * is cheap is computed again on the way back.
 */
final class DeltaLayer {
  /**
   * Tokens of a chunk: what is solved at once grows with the square, what is read again shrinks.
   */
  static final int CHUNK_TOKENS = 64;

  private final DeltaRule rule;
  private final Linear linear;
  private final RmsNorm norm;
  private final SwiGlu swiGlu;
  private final CausalConv conv;
  private final UnitHeads unit;
  private final DeltaGates gating;
  private final TreeDelta delta;
  private final float queryFactor;
  private final int chunkTokens;
  private TreeLayout planned;
  private DeltaPlan plan;

  private float[] x = new float[0]; // after the convolution, [rows × convSize]
  private float[] inverseQueries = new float[0]; // [rows × keyHeads]
  private float[] inverseKeys = new float[0]; // [rows × keyHeads]
  private float[] normed = new float[0]; // [rows × valueSize]
  private float[] gated = new float[0]; // [rows × valueSize]
  private float[] dGated = new float[0]; // [rows × valueSize]
  private float[] dx = new float[0]; // [rows × convSize]
  private float[] dMixed = new float[0]; // [rows × convSize]
  private DeltaGates.Values gates;
  private DeltaGates.Values dGates;

  /** What the backward pass needs of a layer's forward pass. */
  static final class Kept {
    /** Queries, keys and values before the convolution, {@code [rows × convSize]}. */
    float[] mixed = new float[0];

    /** Gates of the output, {@code [rows × valueSize]}; the backward pass overwrites them. */
    float[] gate = new float[0];

    /** Strengths and decays before their functions, {@code [rows × valueHeads]}. */
    float[] beta = new float[0];

    float[] decay = new float[0];

    /** Outputs of the delta rule, {@code [rows × valueSize]}. */
    float[] out = new float[0];

    /** Their inverse root mean squares, {@code [rows × valueHeads]}. */
    float[] inverse = new float[0];

    void reserve(DeltaRule rule, int rows) {
      mixed = FloatArrays.atLeast(mixed, rows * rule.convSize());
      gate = FloatArrays.atLeast(gate, rows * rule.valueSize());
      beta = FloatArrays.atLeast(beta, rows * rule.valueHeads());
      decay = FloatArrays.atLeast(decay, rows * rule.valueHeads());
      out = FloatArrays.atLeast(out, rows * rule.valueSize());
      inverse = FloatArrays.atLeast(inverse, rows * rule.valueHeads());
    }
  }

  DeltaLayer(DeltaRule rule, WorkerPool pool, Linear linear, RmsNorm norm, int chunkTokens) {
    this.rule = rule;
    this.linear = linear;
    this.norm = norm;
    this.swiGlu = new SwiGlu(pool);
    this.conv = new CausalConv(pool, rule.convSize(), rule.convWidth());
    this.unit = new UnitHeads(pool, rule.convSize(), rule.keyHeads(), rule.keyDim());
    this.gating = new DeltaGates(pool, rule.valueHeads());
    this.delta = new TreeDelta(pool, rule, chunkTokens);
    this.queryFactor = queryFactor(rule);
    this.chunkTokens = chunkTokens;
  }

  /** What unit queries are multiplied by. */
  static float queryFactor(DeltaRule rule) {
    return (float) (1 / Math.sqrt(rule.keyDim()));
  }

  /**
   * @param input {@code [rows × hidden]}
   * @return the input of the output projection, {@code [rows × valueSize]}, valid until the next
   *     call
   */
  float[] forward(TreeLayout layout, DeltaParameters weights, float[] input, Kept kept) {
    int rows = layout.rows();
    linear.forward(rows, weights.qkv(), null, input, kept.mixed, false);
    linear.forward(rows, weights.gate(), null, input, kept.gate, false);
    linear.forward(rows, weights.beta(), null, input, kept.beta, false);
    linear.forward(rows, weights.decay(), null, input, kept.decay, false);
    convolve(layout, weights, kept);
    delta.forward(plan(layout), x, gates, kept.out);
    normed = FloatArrays.atLeast(normed, rows * rule.valueSize());
    gated = FloatArrays.atLeast(gated, rows * rule.valueSize());
    norm.forward(
        rows * rule.valueHeads(),
        rule.valueDim(),
        kept.out,
        weights.norm().factors(),
        normed,
        kept.inverse);
    swiGlu.forward(rows * rule.valueSize(), kept.gate, normed, gated);
    return gated;
  }

  /** Unit queries and keys, values and gates, from what is kept. */
  private void convolve(TreeLayout layout, DeltaParameters weights, Kept kept) {
    int rows = layout.rows();
    x = FloatArrays.atLeast(x, rows * rule.convSize());
    inverseQueries = FloatArrays.atLeast(inverseQueries, rows * rule.keyHeads());
    inverseKeys = FloatArrays.atLeast(inverseKeys, rows * rule.keyHeads());
    gates = gating.atLeast(gates, rows);
    conv.load(weights.conv().values());
    conv.forward(rows, layout.parents(), kept.mixed, x);
    unit.forward(rows, 0, queryFactor, x, inverseQueries);
    unit.forward(rows, rule.keySize(), 1, x, inverseKeys);
    gating.forward(
        rows,
        kept.beta,
        kept.decay,
        weights.decayBias().values(),
        weights.decayLog().values(),
        gates);
  }

  /**
   * From the gradient of the output to that of the input; adds those of the weights.
   *
   * @param dOut of the output projection's result, {@code [rows × hidden]}
   * @param dInput receives the gradient of the input, {@code [rows × hidden]}
   */
  void backward(
      TreeLayout layout,
      DeltaParameters weights,
      float[] input,
      Kept kept,
      float[] dOut,
      float[] dInput) {
    int rows = layout.rows();
    int size = rows * rule.valueSize();
    normed = FloatArrays.atLeast(normed, size);
    gated = FloatArrays.atLeast(gated, size);
    dGated = FloatArrays.atLeast(dGated, size);
    dx = FloatArrays.atLeast(dx, rows * rule.convSize());
    dMixed = FloatArrays.atLeast(dMixed, rows * rule.convSize());
    dGates = gating.atLeast(dGates, rows);
    int heads = rows * rule.valueHeads();
    float[] factors = weights.norm().factors();
    norm.again(heads, rule.valueDim(), kept.out, factors, kept.inverse, normed);
    linear.inputGradient(rows, weights.output(), dOut, dGated, false);
    swiGlu.backward(size, kept.gate, normed, dGated, gated);
    linear.weightGradient(rows, weights.output(), null, gated, dOut);
    norm.backward(
        heads,
        rule.valueDim(),
        kept.out,
        factors,
        kept.inverse,
        normed,
        weights.norm().gradient(),
        normed,
        false);
    convolve(layout, weights, kept);
    delta.backward(plan(layout), x, gates, normed, dx, dGates);
    gating.backward(
        rows,
        kept.decay,
        weights.decayBias().values(),
        weights.decayLog().values(),
        gates,
        dGates,
        gradient(weights.decayBias()),
        gradient(weights.decayLog()));
    unit.backward(rows, 0, queryFactor, x, inverseQueries, dx);
    unit.backward(rows, rule.keySize(), 1, x, inverseKeys, dx);
    conv.backward(rows, layout.parents(), kept.mixed, dx, dMixed, gradient(weights.conv()));
    linear.backward(rows, weights.qkv(), null, input, dMixed, dInput, false);
    linear.backward(rows, weights.gate(), null, input, kept.gate, dInput, true);
    linear.backward(rows, weights.beta(), null, input, dGates.beta(), dInput, true);
    linear.backward(rows, weights.decay(), null, input, dGates.logDecay(), dInput, true);
  }

  /** The chunks of a batch, the same for all layers. */
  private DeltaPlan plan(TreeLayout layout) {
    if (layout != planned) {
      plan = new DeltaPlan(layout, chunkTokens);
      planned = layout;
    }
    return plan;
  }

  private static float[] gradient(Parameter parameter) {
    return parameter.trainable() ? parameter.gradient() : null;
  }
}
