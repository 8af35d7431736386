package org.treepo4j.rl.supervised;

import java.util.List;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.NewModel;

/** Shape of a model trained from scratch; the vocabulary comes from its tokenizer. */
public record ArchitectureSettings(
    @Setting("model family whose layout the weights have") Architecture family,
    @Setting(value = "width of the residual stream", max = 1 << 16) int hiddenSize,
    @Setting(value = "transformer blocks", max = 1024) int layers,
    @Setting(value = "query heads; hiddenSize divided by it is the head width", max = 1024)
        int heads,
    @Setting(value = "key/value heads; divides heads", max = 1024) int kvHeads,
    @Setting(value = "width of the feed-forward layer", max = 1 << 20) int ffnSize,
    @Setting(value = "longest sequence in tokens", max = 1 << 22) int maxPositions,
    @Setting(value = "base of the rotary frequencies", max = 1e12) double ropeTheta,
    @Setting("whether the output head is the embedding") boolean tiedEmbeddings) {

  public static ArchitectureSettings defaults() {
    return new ArchitectureSettings(Architecture.LLAMA, 128, 4, 4, 2, 384, 512, 10_000, true);
  }

  public ArchitectureSettings {
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
