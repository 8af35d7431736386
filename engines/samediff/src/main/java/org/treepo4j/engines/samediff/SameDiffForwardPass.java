package org.treepo4j.engines.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;

/** A forward pass over a batch: one pack of trees after the other. */
final class SameDiffForwardPass implements ForwardPass {
  private final List<TokenTree> trees;
  private final ForwardOptions options;
  private final List<PackPass> packs = new ArrayList<>();
  private final float[][] logprobs;
  private final float[][] entropies;
  private boolean differentiated;
  private boolean closed;

  SameDiffForwardPass(Network network, List<TokenTree> trees, ForwardOptions options) {
    this.trees = List.copyOf(trees);
    this.options = options;
    logprobs = new float[trees.size()][];
    entropies = new float[trees.size()][];
    boolean done = false;
    try {
      for (TreePack pack : TreePack.split(this.trees)) {
        PackPass pass = new PackPass(network, pack, options.temperature());
        packs.add(pass);
        pass.forward(options.gradients());
        PackPass.Scores scores = pass.scores();
        for (int t = 0; t < pack.trees().size(); t++) {
          int from = pack.rowOf(t);
          int to = from + pack.trees().get(t).size();
          logprobs[pack.first() + t] = Arrays.copyOfRange(scores.logprobs(), from, to);
          entropies[pack.first() + t] = Arrays.copyOfRange(scores.entropies(), from, to);
        }
      }
      done = true;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  @Override
  public float[] logprobs(int tree) {
    return logprobs[tree].clone();
  }

  @Override
  public float[] entropies(int tree) {
    return entropies[tree].clone();
  }

  @Override
  public float[] logits(int tree, int token) {
    requireOpen();
    if (token < 0 || token >= trees.get(tree).size()) {
      throw new IllegalArgumentException("tree " + tree + " has no token " + token);
    }
    for (PackPass pass : packs) {
      int within = tree - pass.pack().first();
      if (within < pass.pack().trees().size()) {
        return pass.logits(pass.pack().rowOf(within) + token);
      }
    }
    throw new IllegalArgumentException("no tree " + tree);
  }

  @Override
  public void backward(float[][] dLogprob, float[][] dEntropy) {
    requireOpen();
    if (!options.gradients()) {
      throw new IllegalStateException("the forward pass was opened without gradients");
    }
    if (differentiated) {
      throw new IllegalStateException("backward was called before on this pass");
    }
    requireShape("dLogprob", dLogprob);
    if (dEntropy != null) {
      requireShape("dEntropy", dEntropy);
    }
    differentiated = true;
    for (PackPass pass : packs) {
      float[] byEntropy =
          dEntropy == null ? new float[pass.pack().rows()] : flat(pass.pack(), dEntropy);
      pass.backward(flat(pass.pack(), dLogprob), byEntropy);
      pass.close();
    }
  }

  /** The values of the trees of a pack, one after the other. */
  private static float[] flat(TreePack pack, float[][] perTree) {
    float[] flat = new float[pack.rows()];
    int row = 0;
    for (int t = 0; t < pack.trees().size(); t++) {
      float[] values = perTree[pack.first() + t];
      System.arraycopy(values, 0, flat, row, values.length);
      row += values.length;
    }
    return flat;
  }

  private void requireShape(String name, float[][] perTree) {
    if (perTree.length != trees.size()) {
      throw new IllegalArgumentException(
          name + " must have a row for each of " + trees.size() + " trees, had " + perTree.length);
    }
    for (int t = 0; t < perTree.length; t++) {
      if (perTree[t].length != trees.get(t).size()) {
        throw new IllegalArgumentException(
            "%s of tree %d must have %d values, had %d"
                .formatted(name, t, trees.get(t).size(), perTree[t].length));
      }
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the forward pass is closed");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      packs.forEach(PackPass::close);
    }
  }
}
