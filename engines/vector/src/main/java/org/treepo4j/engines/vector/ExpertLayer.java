package org.treepo4j.engines.vector;

import java.util.Arrays;
import org.treepo4j.checkpoints.Design.Experts;

/**
 * A mixture of experts in a training pass: {@code y = Σ w·down(act(gate(x))∘up(x))} over the
 * experts a row goes to. The rows of an expert are gathered, so its products are dense; rows get
 * their outputs in the order of the experts.
 */
final class ExpertLayer {
  private final Experts experts;
  private final int hidden;
  private final Linear linear;
  private final GatedActivation activation;
  private final Router router;

  private float[] logits = new float[0]; // [rows × experts]
  private float[] input = new float[0]; // rows of one expert, [n × hidden]
  private float[] output = new float[0]; // [n × hidden]
  private float[] gate = new float[0]; // [n × width]
  private float[] up = new float[0]; // [n × width]
  private float[] activated = new float[0]; // [n × width]
  private float[] dActivated = new float[0]; // [n × width]
  private float[] dScaled = new float[0]; // [n × width]
  private float[] dWeights = new float[0]; // [rows × perToken]

  /** What the backward pass needs of a layer's forward pass. */
  static final class Kept {
    final Router.Choice choice = new Router.Choice();

    /** Inputs of the activation, expert by expert, {@code [rows × perToken × width]}. */
    float[] gate = new float[0];

    float[] up = new float[0];

    void reserve(Experts experts, int rows) {
      choice.reserve(experts, rows);
      int size = rows * experts.perToken() * experts.width();
      gate = FloatArrays.atLeast(gate, size);
      up = FloatArrays.atLeast(up, size);
    }
  }

  ExpertLayer(Experts experts, int hidden, Linear linear, GatedActivation activation) {
    this.experts = experts;
    this.hidden = hidden;
    this.linear = linear;
    this.activation = activation;
    this.router = new Router(experts);
  }

  /**
   * @param x {@code [rows × hidden]}
   * @param stream what the output is added to, {@code [rows × hidden]}, or null to fill {@code
   *     kept} alone
   * @param routing choices of all layers, those that are made already and the others
   */
  void forward(
      int rows,
      ExpertParameters weights,
      float[] x,
      Kept kept,
      float[] stream,
      Routing routing,
      int layer) {
    logits = FloatArrays.atLeast(logits, rows * experts.count());
    linear.forward(rows, weights.router(), null, x, logits, false);
    router.forward(rows, logits, experts.count(), kept.choice, routing, layer);
    for (int e = 0; e < experts.count(); e++) {
      int from = kept.choice.starts[e];
      int n = kept.choice.starts[e + 1] - from;
      if (n == 0) {
        continue;
      }
      ExpertParameters.Expert expert = weights.experts().get(e);
      int size = n * experts.width();
      reserve(n);
      gather(kept.choice, from, n, x, input);
      linear.forward(n, expert.gate(), null, input, gate, false);
      linear.forward(n, expert.up(), null, input, up, false);
      System.arraycopy(gate, 0, kept.gate, from * experts.width(), size);
      System.arraycopy(up, 0, kept.up, from * experts.width(), size);
      if (stream != null) {
        activation.forward(size, gate, up, activated);
        linear.forward(n, expert.down(), null, activated, output, false);
        for (int i = 0; i < n; i++) {
          int place = kept.choice.places[from + i];
          RowMath.scale(output, i * hidden, kept.choice.weights[place], output, i * hidden, hidden);
          RowMath.add(output, i * hidden, stream, place / experts.perToken() * hidden, hidden);
        }
      }
    }
  }

  /**
   * @param dOut gradient of the output, {@code [rows × hidden]}
   * @param dInput receives that of the input, {@code [rows × hidden]}
   */
  void backward(
      int rows, ExpertParameters weights, float[] x, Kept kept, float[] dOut, float[] dInput) {
    dWeights = FloatArrays.atLeast(dWeights, rows * experts.perToken());
    Arrays.fill(dInput, 0, rows * hidden, 0f);
    for (int e = 0; e < experts.count(); e++) {
      int from = kept.choice.starts[e];
      int n = kept.choice.starts[e + 1] - from;
      if (n > 0) {
        reserve(n);
        backward(weights.experts().get(e), from, n, x, kept, dOut, dInput);
      }
    }
    logits = FloatArrays.atLeast(logits, rows * experts.count());
    router.backward(rows, kept.choice, dWeights, logits);
    linear.backward(rows, weights.router(), null, x, logits, dInput, true);
  }

  private void backward(
      ExpertParameters.Expert expert,
      int from,
      int n,
      float[] x,
      Kept kept,
      float[] dOut,
      float[] dInput) {
    int width = experts.width();
    Router.Choice choice = kept.choice;
    gather(choice, from, n, dOut, output);
    linear.inputGradient(n, expert.down(), output, dActivated, false);
    for (int i = 0; i < n; i++) {
      float weight = choice.weights[choice.places[from + i]];
      RowMath.scale(dActivated, i * width, weight, dScaled, i * width, width);
    }
    System.arraycopy(kept.gate, from * width, gate, 0, n * width);
    System.arraycopy(kept.up, from * width, up, 0, n * width);
    activation.backward(n * width, gate, up, dScaled, activated);
    for (int i = 0; i < n; i++) {
      int place = choice.places[from + i];
      dWeights[place] = RowMath.dot(activated, i * width, dActivated, i * width, width);
      // In the place of the gradient, which the input's gradient has seen without the weight.
      RowMath.scale(activated, i * width, choice.weights[place], activated, i * width, width);
    }
    linear.weightGradient(n, expert.down(), null, activated, output);
    gather(choice, from, n, x, input);
    linear.backward(n, expert.gate(), null, input, gate, output, false);
    linear.backward(n, expert.up(), null, input, up, output, true);
    for (int i = 0; i < n; i++) {
      int row = choice.places[from + i] / experts.perToken();
      RowMath.add(output, i * hidden, dInput, row * hidden, hidden);
    }
  }

  private void gather(Router.Choice choice, int from, int n, float[] rows, float[] to) {
    for (int i = 0; i < n; i++) {
      int row = choice.places[from + i] / experts.perToken();
      System.arraycopy(rows, row * hidden, to, i * hidden, hidden);
    }
  }

  private void reserve(int n) {
    input = FloatArrays.atLeast(input, n * hidden);
    output = FloatArrays.atLeast(output, n * hidden);
    gate = FloatArrays.atLeast(gate, n * experts.width());
    up = FloatArrays.atLeast(up, n * experts.width());
    activated = FloatArrays.atLeast(activated, n * experts.width());
    dActivated = FloatArrays.atLeast(dActivated, n * experts.width());
    dScaled = FloatArrays.atLeast(dScaled, n * experts.width());
  }
}
