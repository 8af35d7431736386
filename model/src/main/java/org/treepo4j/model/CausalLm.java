package org.treepo4j.model;

import java.util.List;
import org.treepo4j.checkpoints.ModelConfig;

/**
 * A decoder-only language model with weights: the contract every engine keeps. The loss is not
 * here: callers turn log-probabilities into a loss and hand its derivatives to {@link
 * ForwardPass#backward}.
 *
 * <p>An instance is used by one thread at a time. {@link #close} frees native memory.
 */
public interface CausalLm extends AutoCloseable {

  ModelConfig config();

  /**
   * The weights in float32 and their gradients, shared with the optimiser and the checkpoint
   * writer. After writing values call {@link #weightsChanged}.
   */
  Weights weights();

  /**
   * Tells the engine that values in {@link #weights} were written; live decoders become invalid.
   */
  void weightsChanged();

  /** Opens a decoder for sampling with the present weights. */
  BranchingDecoder decoder(DecoderOptions options);

  /**
   * Teacher-forced pass over the unique tokens of the trees; each token sees its ancestors only.
   * Tokens of a mixture go to the experts that their tree names, so that what was sampled is what
   * is trained: rounding may tip a choice that is close.
   *
   * @throws IllegalArgumentException for experts that the model does not have
   */
  ForwardPass forward(List<TokenTree> trees, ForwardOptions options);

  @Override
  void close();
}
