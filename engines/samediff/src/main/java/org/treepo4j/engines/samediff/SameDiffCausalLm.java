package org.treepo4j.engines.samediff;

import java.util.List;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.EngineUnavailableException;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;

/**
 * The engine on ND4J: the transformer as SameDiff graphs. The backend on the class path decides
 * where it computes, so it is both the reference and the GPU engine.
 */
public final class SameDiffCausalLm implements CausalLm {
  private final Weights weights;
  private final Network network;
  private long version;
  private boolean closed;

  /**
   * Copies the weights to ND4J and builds the graphs.
   *
   * @throws EngineUnavailableException when there is no ND4J backend that can run here
   */
  public SameDiffCausalLm(Weights weights) {
    Nd4jBackends.require();
    this.weights = weights;
    this.network = new Network(weights);
  }

  @Override
  public ModelConfig config() {
    return weights.config();
  }

  @Override
  public Weights weights() {
    return weights;
  }

  @Override
  public void weightsChanged() {
    requireOpen();
    version++;
    network.refresh();
  }

  @Override
  public BranchingDecoder decoder(DecoderOptions options) {
    requireOpen();
    long opened = version;
    return new SameDiffDecoder(network, options, () -> !closed && version == opened);
  }

  @Override
  public ForwardPass forward(List<TokenTree> trees, ForwardOptions options) {
    requireOpen();
    for (TokenTree tree : trees) {
      if (tree.experts() != null) {
        throw new IllegalArgumentException("trees must name no experts, the model has none");
      }
      int longest = 0;
      for (int position : tree.positions()) {
        longest = Math.max(longest, position + 1);
      }
      network.requireReadable(tree.tokens(), longest);
    }
    return new SameDiffForwardPass(network, trees, options);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      network.close();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the model is closed");
    }
  }
}
