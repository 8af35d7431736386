package org.treepo4j.checkpoints;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.checkpoints.Design.Activation;
import org.treepo4j.checkpoints.Design.Caps;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.Design.Layer;
import org.treepo4j.checkpoints.Design.Position;
import org.treepo4j.checkpoints.Design.QueryGrowth;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.Design.Scales;

/** Designs that a family's configuration can express. */
final class FamilyDesigns {
  private FamilyDesigns() {}

  /**
   * @param variety five bits
   */
  static Design of(Architecture family, int layers, int hidden, int maxPositions, int variety) {
    boolean first = (variety & 1) == 1;
    boolean second = (variety & 2) == 2;
    int window = 1 + variety % (maxPositions - 1);
    Design activated = Design.PLAIN.withActivation(first ? Activation.GELU_TANH : Activation.SILU);
    return switch (family) {
      case LLAMA, PHI3, OLMO2 -> activated;
      case MISTRAL ->
          activated.withLayers(layers(layers, second ? window : 0, 1, Position.GLOBAL), null);
      case MINISTRAL3 ->
          activated
              .withLayers(layers(layers, second ? window : 0, 1, Position.GLOBAL), null)
              // YaRN's original length, as both stand in one field.
              .withQueryGrowth(first ? new QueryGrowth(0.1, 64) : QueryGrowth.NONE);
      case QWEN2, QWEN3 ->
          activated.withLayers(layers(layers, second ? window : 0, 2, Position.GLOBAL), null);
      case SMOLLM3 ->
          activated.withLayers(layers(layers, second ? window : 0, 2, Position.NONE), null);
      case GEMMA2 ->
          activated
              .withScales(new Scales(Math.sqrt(hidden), Math.pow(7.0 * (variety + 1), -0.5), 1, 1))
              .withCaps(new Caps(first ? 50 : 0, second ? 30.5 : 0))
              .withLayers(layers(layers, window, 2, Position.GLOBAL), null);
      case GEMMA3 ->
          activated
              .withScales(new Scales(Math.sqrt(hidden), Math.pow(0.3 + variety, -0.5), 1, 1))
              .withCaps(new Caps(0, second ? 30 : 0))
              .withLayers(
                  layers(layers, window, 3, Position.LOCAL),
                  new Rotary(123, second ? new RopeScaling.Linear(3) : RopeScaling.NONE));
      case OLMO3 ->
          activated.withLayers(
              layers(layers, window, 2, Position.LOCAL),
              new Rotary(77, second ? new RopeScaling.Linear(3) : RopeScaling.NONE));
      case QWEN3_5 ->
          second
              ? Design.PLAIN
              : Design.PLAIN.withHybridLayers(
                  hybridLayers(layers), new DeltaRule(2, 4, 1 + variety, 3, first ? 4 : 2));
      case QWEN3_MOE -> activated.withExperts(new Experts(4 + variety, 1 + variety % 4, 5, second));
      case OLMOE ->
          // An expert is as wide as the configuration's feed-forward layer.
          activated.withExperts(new Experts(4 + variety, 1 + variety % 4, hidden + 2, second));
      case GRANITE -> activated.withScales(new Scales(12, 0.015625, 0.22, first ? 1 : 8));
    };
  }

  private static List<Layer> hybridLayers(int count) {
    List<Layer> layers = new ArrayList<>();
    for (int layer = 0; layer < count; layer++) {
      layers.add(layer % 3 == 1 ? Layer.PLAIN : Layer.LINEAR);
    }
    return layers;
  }

  /** Plain layers, every so-manieth with a window. */
  private static List<Layer> layers(int count, int window, int every, Position position) {
    List<Layer> layers = new ArrayList<>();
    for (int layer = 0; layer < count; layer++) {
      layers.add(layer % every == 0 ? new Layer(window, position) : Layer.PLAIN);
    }
    return layers;
  }
}
