package org.treepo4j.serve.sampling;

import java.util.List;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DrawnTokens;
import org.treepo4j.model.TokenDraws;
import org.treepo4j.model.TokenSampler;

/**
 * Draws the next tokens of requests together: where the engine has its logits, or, as soon as one
 * of them asks for more than tokens, from logits on the heap. Either way a token is the same.
 */
final class TokenDrawing implements AutoCloseable {
  private final BranchingDecoder decoder;
  private final TokenSampler sampler;
  private final TokenDraws draws = new TokenDraws();

  TokenDrawing(BranchingDecoder decoder) {
    this.decoder = decoder;
    sampler = decoder.sampler();
  }

  /**
   * Notes with each request what was drawn for it, or why nothing could be.
   *
   * @param rows what tokens are drawn behind; those of a request follow each other
   */
  void draw(List<RunningRequest> requests, List<BranchingDecoder.Path> rows) {
    int[] firstRows = new int[requests.size()];
    for (int i = 1; i < firstRows.length; i++) {
      firstRows[i] = firstRows[i - 1] + requests.get(i - 1).rows();
    }
    if (requests.stream().anyMatch(RunningRequest::needsLogits)
        || !sampled(requests, rows, firstRows)) {
      float[][] logits = decoder.nextLogits(rows);
      decoder.inParallel(firstRows.length, i -> requests.get(i).draw(logits, firstRows[i]));
    }
  }

  /** False when some logits are not finite; whose, each request finds out from its own. */
  private boolean sampled(
      List<RunningRequest> requests, List<BranchingDecoder.Path> rows, int[] firstRows) {
    draws.clear();
    for (int i = 0; i < firstRows.length; i++) {
      requests.get(i).addDraws(draws, firstRows[i]);
    }
    DrawnTokens drawn;
    try {
      drawn = sampler.draw(rows, draws);
    } catch (TokenSampler.NotFiniteException e) {
      return false;
    }
    int first = 0;
    for (RunningRequest request : requests) {
      first = request.takeDrawn(drawn, first);
    }
    return true;
  }

  @Override
  public void close() {
    sampler.close();
  }
}
