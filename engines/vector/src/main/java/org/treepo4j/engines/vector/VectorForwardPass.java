package org.treepo4j.engines.vector;

import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.engine.RowTargets;

/** One pass of the vector engine; closing it hands its memory to the next. */
final class VectorForwardPass implements ForwardPass {
  private final VectorCausalLm lm;
  private final TreeLayout layout;
  private final RowTargets targets;
  private final ForwardOptions options;
  private Activations activations;
  private boolean backwardDone;

  VectorForwardPass(
      VectorCausalLm lm,
      TreeLayout layout,
      RowTargets targets,
      ForwardOptions options,
      Activations activations) {
    this.lm = lm;
    this.layout = layout;
    this.targets = targets;
    this.options = options;
    this.activations = activations;
  }

  @Override
  public float[] logprobs(int tree) {
    return layout.order().pick(tree, open().scores.logprobs());
  }

  @Override
  public float[] entropies(int tree) {
    return layout.order().pick(tree, open().scores.entropies());
  }

  @Override
  public float[] logits(int tree, int token) {
    return lm.logits(open().hidden, layout.rowsOf(tree)[token]);
  }

  @Override
  public short[] experts(int tree) {
    Routing routing = open().routing;
    if (routing == null) {
      return new short[0];
    }
    int[] rows = layout.rowsOf(tree);
    int n = routing.perRow();
    short[] experts = new short[rows.length * n];
    for (int token = 0; token < rows.length; token++) {
      System.arraycopy(routing.chosen(), rows[token] * n, experts, token * n, n);
    }
    return experts;
  }

  @Override
  public void backward(float[][] dLogprob, float[][] dEntropy) {
    if (!options.gradients()) {
      throw new IllegalStateException("backward needs a pass opened with gradients");
    }
    if (backwardDone) {
      throw new IllegalStateException("backward may be called once for a pass");
    }
    Activations memory = open();
    backwardDone = true;
    float[] byRow = layout.order().place(dLogprob, "dLogprob");
    float[] entropyByRow =
        dEntropy == null ? new float[layout.rows()] : layout.order().place(dEntropy, "dEntropy");
    lm.backward(layout, targets, options, memory, byRow, entropyByRow);
  }

  @Override
  public void close() {
    if (activations != null) {
      lm.giveBack(activations);
      activations = null;
    }
  }

  private Activations open() {
    if (activations == null) {
      throw new IllegalStateException("this forward pass is closed");
    }
    return activations;
  }
}
