package org.treepo4j.laws;

import java.util.function.ToDoubleFunction;
import net.jqwik.api.Group;
import org.treepo4j.rollout.Allotment;
import org.treepo4j.rollout.BranchingPolicy;
import org.treepo4j.rollout.BranchingPolicy.PathScores;
import org.treepo4j.tokenizer.Tokenizer;

/** The laws on our allotments and a tokenizer. */
class OtherPartsTest {

  @Group
  class Even implements AllotmentLaws {
    @Override
    public BranchingPolicy policy() {
      return Allotment.EVEN;
    }
  }

  @Group
  class UncertainFirst implements AllotmentLaws {
    @Override
    public BranchingPolicy policy() {
      return Allotment.NODE_UNCERTAIN_FIRST;
    }

    @Override
    public ToDoubleFunction<PathScores> favours() {
      return path -> -path.nodeLogprob();
    }
  }

  @Group
  class ConfidentFirst implements AllotmentLaws {
    @Override
    public BranchingPolicy policy() {
      return Allotment.CUMULATIVE_CONFIDENT_FIRST;
    }

    @Override
    public ToDoubleFunction<PathScores> favours() {
      return PathScores::cumulativeLogprob;
    }
  }

  @Group
  class Entropy implements AllotmentLaws {
    @Override
    public BranchingPolicy policy() {
      return Allotment.ENTROPY;
    }

    @Override
    public ToDoubleFunction<PathScores> favours() {
      return PathScores::nodeEntropy;
    }
  }

  /** Byte-level, learned from a few lines: every text has an encoding. */
  @Group
  class ByteLevel implements TokenizerLaws {
    @Override
    public Tokenizer tokenizer() {
      return TrainedTokenizer.BYTE_LEVEL;
    }
  }
}
