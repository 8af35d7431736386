package org.treepo4j.bench;

import java.util.List;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.Optimizer;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/** A model that stays open when the server it was lent to closes it. */
record BorrowedLm(CausalLm lender) implements CausalLm {

  @Override
  public ModelConfig config() {
    return lender.config();
  }

  @Override
  public Weights weights() {
    return lender.weights();
  }

  @Override
  public void weightsChanged() {
    lender.weightsChanged();
  }

  @Override
  public BranchingDecoder decoder(DecoderOptions options) {
    return lender.decoder(options);
  }

  @Override
  public ForwardPass forward(List<TokenTree> trees, ForwardOptions options) {
    return lender.forward(trees, options);
  }

  @Override
  public Optimizer optimizer(Weights trained, AdamW.Settings settings) {
    return lender.optimizer(trained, settings);
  }

  @Override
  public void close() {
    // the lender closes it
  }
}
