package org.treepo4j.checkpoints;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The shape of a decoder-only transformer, as {@code config.json} of a Hugging Face folder gives
 * it.
 *
 * @param architecture the model family
 * @param vocabSize rows of the embedding
 * @param hiddenSize width of the residual stream
 * @param layers number of transformer blocks
 * @param heads query heads
 * @param kvHeads key/value heads; divides {@code heads} (grouped-query attention)
 * @param headDim width of one head; even (RoPE rotates pairs)
 * @param ffnSize width of the gated feed-forward layer ({@code intermediate_size})
 * @param maxPositions longest sequence ({@code max_position_embeddings})
 * @param normEps epsilon of every RMSNorm
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling change of the rotary frequencies
 * @param qkvBias whether the query, key and value projections have a bias
 * @param outputBias whether the attention output projection has a bias (Llama with {@code
 *     attention_bias})
 * @param qkNorm whether queries and keys are RMS-normalised (Qwen3: per head)
 * @param tiedEmbeddings whether the output head is the embedding
 * @param bosTokenId beginning-of-sequence token, or −1 where the model has none
 * @param eosTokenIds end-of-sequence tokens; may be empty
 * @param design in what it departs from plain Llama
 */
public record ModelConfig(
    Architecture architecture,
    int vocabSize,
    int hiddenSize,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int ffnSize,
    int maxPositions,
    double normEps,
    double ropeTheta,
    RopeScaling ropeScaling,
    boolean qkvBias,
    boolean outputBias,
    boolean qkNorm,
    boolean tiedEmbeddings,
    int bosTokenId,
    List<Integer> eosTokenIds,
    Design design) {

  /** A model of plain design. */
  public ModelConfig(
      Architecture architecture,
      int vocabSize,
      int hiddenSize,
      int layers,
      int heads,
      int kvHeads,
      int headDim,
      int ffnSize,
      int maxPositions,
      double normEps,
      double ropeTheta,
      RopeScaling ropeScaling,
      boolean qkvBias,
      boolean outputBias,
      boolean qkNorm,
      boolean tiedEmbeddings,
      int bosTokenId,
      List<Integer> eosTokenIds) {
    this(
        architecture,
        vocabSize,
        hiddenSize,
        layers,
        heads,
        kvHeads,
        headDim,
        ffnSize,
        maxPositions,
        normEps,
        ropeTheta,
        ropeScaling,
        qkvBias,
        outputBias,
        qkNorm,
        tiedEmbeddings,
        bosTokenId,
        eosTokenIds,
        Design.PLAIN);
  }

  static final int MAX_LAYERS = 1 << 12;

  public ModelConfig {
    Objects.requireNonNull(architecture, "architecture");
    Objects.requireNonNull(ropeScaling, "ropeScaling");
    within("vocabSize", vocabSize, 1 << 26);
    within("hiddenSize", hiddenSize, 1 << 20);
    within("layers", layers, MAX_LAYERS);
    within("heads", heads, 1 << 14);
    within("kvHeads", kvHeads, 1 << 14);
    within("headDim", headDim, 1 << 14);
    within("ffnSize", ffnSize, 1 << 26);
    positive("maxPositions", maxPositions);
    if (heads % kvHeads != 0) {
      throw new IllegalArgumentException("kvHeads must divide heads " + heads + ", was " + kvHeads);
    }
    if (headDim % 2 != 0) {
      throw new IllegalArgumentException("headDim must be even, was " + headDim);
    }
    if (ropeScaling instanceof RopeScaling.Factors rope && rope.factors().size() != headDim / 2) {
      throw new IllegalArgumentException(
          "rope factors must be %d, half of headDim, were %d"
              .formatted(headDim / 2, rope.factors().size()));
    }
    if (!(normEps >= 0)) {
      throw new IllegalArgumentException("normEps must not be negative, was " + normEps);
    }
    if (!(ropeTheta > 0)) {
      throw new IllegalArgumentException("ropeTheta must be positive, was " + ropeTheta);
    }
    eosTokenIds = List.copyOf(eosTokenIds);
    Objects.requireNonNull(design, "design");
    if (!design.layers().isEmpty() && design.layers().size() != layers) {
      throw new IllegalArgumentException(
          "design must describe " + layers + " layers, described " + design.layers().size());
    }
    if (design.rotaryWidth() > headDim) {
      throw new IllegalArgumentException(
          "rotaryWidth must be at most " + headDim + ", was " + design.rotaryWidth());
    }
    if (design.rotaryWidth() == headDim) {
      design = design.withRotaryWidth(0);
    }
  }

  /** The same model with other tokens to begin and end texts with. */
  public ModelConfig withTokens(int bos, List<Integer> eos) {
    return with(architecture, tiedEmbeddings, bos, eos, design);
  }

  /** The same shape in another family. */
  public ModelConfig withArchitecture(Architecture other) {
    return with(other, tiedEmbeddings, bosTokenId, eosTokenIds, design);
  }

  /** The same shape of another design. */
  public ModelConfig withDesign(Design other) {
    return with(architecture, tiedEmbeddings, bosTokenId, eosTokenIds, other);
  }

  /** The same with a head of its own instead of the embedding. */
  ModelConfig untied() {
    return with(architecture, false, bosTokenId, eosTokenIds, design);
  }

  /** The same shape where these differ. */
  private ModelConfig with(
      Architecture family, boolean tied, int bos, List<Integer> eos, Design other) {
    return new ModelConfig(
        family,
        vocabSize,
        hiddenSize,
        layers,
        heads,
        kvHeads,
        headDim,
        ffnSize,
        maxPositions,
        normEps,
        ropeTheta,
        ropeScaling,
        qkvBias,
        outputBias,
        qkNorm,
        tied,
        bos,
        eos,
        other);
  }

  /** Tokens that a token of a layer sees, itself included; 0 when it sees all. */
  public int window(int layer) {
    int window = design.layers().isEmpty() ? 0 : design.layers().get(layer).window();
    return window >= maxPositions ? 0 : window;
  }

  /** Whether a layer has the gated delta rule instead of attention. */
  public boolean linear(int layer) {
    return !design.layers().isEmpty() && design.layers().get(layer).linear();
  }

  /** Layers before {@code layer} that have attention, those whose keys and values are cached. */
  public int attentionLayersBefore(int layer) {
    int count = 0;
    for (int i = 0; i < layer; i++) {
      count += linear(i) ? 0 : 1;
    }
    return count;
  }

  /** Layers that have attention. */
  public int attentionLayers() {
    return attentionLayersBefore(layers);
  }

  /** The rotary embedding of a layer; empty when it has none. */
  public Optional<Design.Rotary> rotary(int layer) {
    Design.Position position =
        design.layers().isEmpty() ? Design.Position.GLOBAL : design.layers().get(layer).position();
    return switch (position) {
      case GLOBAL -> Optional.of(new Design.Rotary(ropeTheta, ropeScaling));
      case LOCAL -> Optional.of(design.localRotary());
      case NONE -> Optional.empty();
    };
  }

  /** Elements of each head that rotary embedding turns. */
  public int rotaryWidth() {
    return design.rotaryWidth() == 0 ? headDim : design.rotaryWidth();
  }

  /** What products of queries and keys are multiplied by. */
  public double attentionScale() {
    double given = design.scales().attention();
    return given == 0 ? 1 / Math.sqrt(headDim) : given;
  }

  /** Query heads that share one key/value head. */
  public int headsPerKvHead() {
    return heads / kvHeads;
  }

  /** Width of all query heads together. */
  public int querySize() {
    return heads * headDim;
  }

  /** Rows of the query projection: queries, and a gate of that width where the family has one. */
  public int queryRows() {
    return architecture.gatesAttention() ? 2 * querySize() : querySize();
  }

  /** Width of all key (or value) heads together. */
  public int kvSize() {
    return kvHeads * headDim;
  }

  /**
   * What this constructor refuses, in the words of the file that gave the values.
   *
   * @param problem its message, which names components
   * @param fields what the file calls them
   */
  public static String inWordsOf(Map<String, String> fields, String problem) {
    return Pattern.compile("\\b(" + String.join("|", fields.keySet()) + ")\\b")
        .matcher(problem)
        .replaceAll(component -> fields.get(component.group()));
  }

  /** No model is larger, and products of sizes stay within an int. */
  private static void within(String name, int value, int most) {
    positive(name, value);
    if (value > most) {
      throw new IllegalArgumentException(name + " must be at most " + most + ", was " + value);
    }
  }

  private static void positive(String name, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive, was " + value);
    }
  }
}
