package org.treepo4j.laws;

import java.util.List;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/** An engine whose forward passes tell something else than what they computed. */
class BrokenEngine implements CausalLm {
  private final CausalLm whole;

  BrokenEngine(CausalLm whole) {
    this.whole = whole;
  }

  /** What derivatives are multiplied by on their way back. */
  float factor() {
    return 1;
  }

  /**
   * What is told instead of a tree's log-probabilities.
   *
   * @param logits after every token, {@code [size][vocabSize]}
   */
  float[] logprobs(TokenTree tree, float[] logprobs, float[][] logits) {
    return logprobs;
  }

  @Override
  public ForwardPass forward(List<TokenTree> trees, ForwardOptions options) {
    ForwardPass pass = whole.forward(trees, options);
    return new ForwardPass() {
      @Override
      public float[] logprobs(int tree) {
        float[][] logits = new float[trees.get(tree).size()][];
        for (int token = 0; token < logits.length; token++) {
          logits[token] = pass.logits(tree, token);
        }
        return BrokenEngine.this.logprobs(trees.get(tree), pass.logprobs(tree), logits);
      }

      @Override
      public float[] entropies(int tree) {
        return pass.entropies(tree);
      }

      @Override
      public float[] logits(int tree, int token) {
        return pass.logits(tree, token);
      }

      @Override
      public void backward(float[][] dLogprob, float[][] dEntropy) {
        pass.backward(scaled(dLogprob), dEntropy == null ? null : scaled(dEntropy));
      }

      @Override
      public void close() {
        pass.close();
      }
    };
  }

  private float[][] scaled(float[][] values) {
    float[][] scaled = new float[values.length][];
    for (int tree = 0; tree < values.length; tree++) {
      scaled[tree] = values[tree].clone();
      for (int token = 0; token < scaled[tree].length; token++) {
        scaled[tree][token] *= factor();
      }
    }
    return scaled;
  }

  @Override
  public ModelConfig config() {
    return whole.config();
  }

  @Override
  public Weights weights() {
    return whole.weights();
  }

  @Override
  public void weightsChanged() {
    whole.weightsChanged();
  }

  @Override
  public BranchingDecoder decoder(DecoderOptions options) {
    return whole.decoder(options);
  }

  @Override
  public void close() {
    whole.close();
  }
}
