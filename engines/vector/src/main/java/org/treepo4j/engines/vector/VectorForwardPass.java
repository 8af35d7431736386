package org.treepo4j.engines.vector;

import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;

/** One pass of the vector engine; closing it hands its memory to the next. */
final class VectorForwardPass implements ForwardPass {
  private final VectorCausalLm lm;
  private final TreeLayout layout;
  private final Targets targets;
  private final ForwardOptions options;
  private Activations activations;
  private boolean backwardDone;

  VectorForwardPass(
      VectorCausalLm lm,
      TreeLayout layout,
      Targets targets,
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
    return pick(layout.rowsOf(tree), open().scores.logprobs());
  }

  @Override
  public float[] entropies(int tree) {
    return pick(layout.rowsOf(tree), open().scores.entropies());
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
    float[] byRow = place(dLogprob, "dLogprob");
    float[] entropyByRow =
        dEntropy == null ? new float[layout.rows()] : place(dEntropy, "dEntropy");
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

  private static float[] pick(int[] rows, float[] byRow) {
    float[] values = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      values[i] = byRow[rows[i]];
    }
    return values;
  }

  private float[] place(float[][] byToken, String name) {
    if (byToken.length != layout.trees()) {
      throw new IllegalArgumentException(
          name + " must have " + layout.trees() + " rows, had " + byToken.length);
    }
    float[] byRow = new float[layout.rows()];
    for (int tree = 0; tree < byToken.length; tree++) {
      int[] rows = layout.rowsOf(tree);
      if (byToken[tree].length != rows.length) {
        throw new IllegalArgumentException(
            String.format(
                "%s of tree %d must have %d values, had %d",
                name, tree, rows.length, byToken[tree].length));
      }
      for (int token = 0; token < rows.length; token++) {
        byRow[rows[token]] = byToken[tree][token];
      }
    }
    return byRow;
  }
}
