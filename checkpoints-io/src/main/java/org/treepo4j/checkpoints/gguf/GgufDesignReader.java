package org.treepo4j.checkpoints.gguf;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.checkpoints.Design.Caps;
import org.treepo4j.checkpoints.Design.Layer;
import org.treepo4j.checkpoints.Design.Position;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.Design.Scales;
import org.treepo4j.checkpoints.RopeScaling;

/**
 * In what the models of GGUF files depart from plain Llama: Gemma's. Much of it stands in no key,
 * and follows from the family and the number of layers, as in llama.cpp.
 *
 * @param prefix of the family's keys
 */
record GgufDesignReader(GgufMetadata metadata, String prefix, Architecture architecture) {
  private static final int GEMMA2_27B_LAYERS = 46;
  private static final int GEMMA3_27B_LAYERS = 62;
  private static final double GEMMA2_ATTENTION_CAP = 50;
  private static final double GEMMA2_LOGIT_CAP = 30;
  private static final int GEMMA2_WINDOW = 4096;
  private static final int GEMMA2_PATTERN = 2;
  private static final int GEMMA3_PATTERN = 6;
  private static final double LOCAL_ROPE_THETA = 10_000;

  /** Whether the family has a design of its own. */
  static boolean isGemma(Architecture architecture) {
    return architecture == Architecture.GEMMA2 || architecture == Architecture.GEMMA3;
  }

  Design read(int hidden, int heads, int headDim, int layers, int maxPositions)
      throws CheckpointException {
    if (!isGemma(architecture)) {
      return Design.PLAIN;
    }
    boolean gemma2 = architecture == Architecture.GEMMA2;
    boolean largest = layers == (gemma2 ? GEMMA2_27B_LAYERS : GEMMA3_27B_LAYERS);
    double scalar = largest ? (double) hidden / heads : headDim;
    Caps caps =
        new Caps(
            gemma2 ? metadata.number(key("attn_logit_softcapping"), GEMMA2_ATTENTION_CAP) : 0,
            metadata.number(key("final_logit_softcapping"), gemma2 ? GEMMA2_LOGIT_CAP : 0));
    List<Layer> described = layers(layers, maxPositions);
    boolean local = described.stream().anyMatch(layer -> layer.position() == Position.LOCAL);
    double localTheta = metadata.number(key("rope.freq_base_swa"), LOCAL_ROPE_THETA);
    return Design.PLAIN
        .withActivation(Activation.GELU_TANH)
        .withScales(new Scales(Math.sqrt(hidden), Math.pow(scalar, -0.5), 1, 1))
        .withCaps(caps)
        .withLayers(described, local ? new Rotary(localTheta, RopeScaling.NONE) : null);
  }

  private List<Layer> layers(int layers, int maxPositions) throws CheckpointException {
    boolean[] sliding = sliding(layers);
    boolean gemma2 = architecture == Architecture.GEMMA2;
    String windowKey = key("attention.sliding_window");
    int window =
        gemma2 ? metadata.positiveInt(windowKey, GEMMA2_WINDOW) : metadata.positiveInt(windowKey);
    // A window that no position ever leaves is no window.
    int width = window >= maxPositions ? 0 : window;
    List<Layer> described = new ArrayList<>();
    for (boolean slides : sliding) {
      Position position = slides && !gemma2 ? Position.LOCAL : Position.GLOBAL;
      described.add(new Layer(slides ? width : 0, position));
    }
    return described;
  }

  /** Which layers have a window: all but every so-manieth, or those that a list names. */
  private boolean[] sliding(int layers) throws CheckpointException {
    String key = key("attention.sliding_window_pattern");
    Optional<boolean[]> listed = metadata.flags(key);
    if (listed.isPresent()) {
      if (listed.get().length != layers) {
        throw metadata.refused(
            "%s has %d entries for %d layers".formatted(key, listed.get().length, layers));
      }
      return listed.get();
    }
    return pattern(metadata.positiveInt(key, usualEvery(architecture)), layers);
  }

  /** The layers with a window where a file has no list of them; older readers know no other. */
  static boolean[] usualPattern(Architecture architecture, int layers) {
    return pattern(usualEvery(architecture), layers);
  }

  private static int usualEvery(Architecture architecture) {
    return architecture == Architecture.GEMMA2 ? GEMMA2_PATTERN : GEMMA3_PATTERN;
  }

  private static boolean[] pattern(int every, int layers) {
    boolean[] sliding = new boolean[layers];
    for (int layer = 0; layer < layers; layer++) {
      sliding[layer] = (layer + 1) % every != 0;
    }
    return sliding;
  }

  private String key(String name) {
    return prefix + "." + name;
  }
}
