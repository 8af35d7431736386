package org.treepo4j.rl.supervised;

import java.util.List;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.NewModel;

/** Shape of a model trained from scratch; the vocabulary comes from its tokenizer. */
public record ArchitectureSettings(
    @Setting("model family whose layout the weights have") Architecture family,
    @Setting("width of the residual stream") int hiddenSize,
    @Setting("transformer blocks") int layers,
    @Setting("query heads; hiddenSize divided by it is the head width") int heads,
    @Setting("key/value heads; divides heads") int kvHeads,
    @Setting("width of the feed-forward layer") int ffnSize,
    @Setting("longest sequence in tokens") int maxPositions,
    @Setting("base of the rotary frequencies") double ropeTheta,
    @Setting("whether the output head is the embedding") boolean tiedEmbeddings) {

  public static ArchitectureSettings defaults() {
    return new ArchitectureSettings(Architecture.LLAMA, 128, 4, 4, 2, 384, 512, 10_000, true);
  }

  public ArchitectureSettings {
    if (heads <= 0 || hiddenSize % heads != 0) {
      throw new IllegalArgumentException(
          "heads must be positive and divide hiddenSize " + hiddenSize + ", was " + heads);
    }
    new NewModel(
            family,
            hiddenSize,
            layers,
            heads,
            kvHeads,
            ffnSize,
            maxPositions,
            ropeTheta,
            tiedEmbeddings)
        .config(1, -1, List.of()); // its checks are ours
  }

  /**
   * The configuration of the model.
   *
   * @param vocabSize rows of the embedding
   * @param bosTokenId beginning-of-sequence token, or −1
   * @param eosTokenIds end-of-sequence tokens
   */
  public ModelConfig modelConfig(int vocabSize, int bosTokenId, List<Integer> eosTokenIds) {
    return new NewModel(
            family,
            hiddenSize,
            layers,
            heads,
            kvHeads,
            ffnSize,
            maxPositions,
            ropeTheta,
            tiedEmbeddings)
        .config(vocabSize, bosTokenId, eosTokenIds);
  }
}
