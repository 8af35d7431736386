package org.treepo4j.engines.vector;

import static org.treepo4j.model.TensorNames.GATE_UP;
import static org.treepo4j.model.TensorNames.QKV;

import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.Architecture.Norms;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Parameter;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.Weights;

/**
 * The weights of one transformer block; biases and norms are null where the model has none, and so
 * are the projections of attention in a linear layer.
 *
 * @param attentionNorm of attention's input
 * @param attentionOutNorm of attention's output, before it joins the residual stream
 * @param ffnNorm of the feed-forward layer's input
 * @param ffnOutNorm of its output
 * @param query where the family gates attention, with the gate beside each head
 * @param delta of a linear layer; null in a layer with attention
 * @param experts of a mixture, which has no gate, up and down of its own; null in a dense layer
 */
record LayerParameters(
    NormWeight attentionNorm,
    NormWeight attentionOutNorm,
    NormWeight ffnNorm,
    NormWeight ffnOutNorm,
    NormWeight queryNorm,
    NormWeight keyNorm,
    Projection query,
    Projection key,
    Projection value,
    Projection output,
    Projection gate,
    Projection up,
    Projection down,
    Parameter queryBias,
    Parameter keyBias,
    Parameter valueBias,
    Parameter outputBias,
    DeltaParameters delta,
    ExpertParameters experts) {

  static LayerParameters of(Weights weights, int layer) {
    ModelConfig config = weights.config();
    Architecture family = config.architecture();
    boolean before = family.norms() == Norms.BEFORE;
    boolean around = family.norms() == Norms.AROUND;
    boolean linear = config.linear(layer);
    boolean mixture = config.design().experts() != null;
    int query = config.queryRows();
    int kv = config.kvSize();
    int ffn = config.ffnSize();
    Projection fusedQkv = null;
    Projection fusedGateUp = null;
    if (family.fusedProjections()) {
      fusedQkv = projection(weights, layer, QKV);
      fusedGateUp = projection(weights, layer, GATE_UP);
    }
    return new LayerParameters(
        norm(weights, layer, TensorNames.INPUT_NORM, before || around),
        norm(weights, layer, TensorNames.POST_ATTENTION_NORM, !before),
        before
            ? norm(weights, layer, TensorNames.POST_ATTENTION_NORM, true)
            : norm(weights, layer, TensorNames.PRE_FFN_NORM, around),
        norm(weights, layer, TensorNames.POST_FFN_NORM, !before),
        norm(weights, layer, TensorNames.QUERY_NORM, config.qkNorm() && !linear),
        norm(weights, layer, TensorNames.KEY_NORM, config.qkNorm() && !linear),
        linear ? null : part(weights, layer, TensorNames.QUERY, fusedQkv, 0, query),
        linear ? null : part(weights, layer, TensorNames.KEY, fusedQkv, query, kv),
        linear ? null : part(weights, layer, TensorNames.VALUE, fusedQkv, query + kv, kv),
        linear ? null : projection(weights, layer, TensorNames.OUTPUT),
        mixture ? null : part(weights, layer, TensorNames.GATE, fusedGateUp, 0, ffn),
        mixture ? null : part(weights, layer, TensorNames.UP, fusedGateUp, ffn, ffn),
        mixture ? null : projection(weights, layer, TensorNames.DOWN),
        bias(weights, layer, TensorNames.QUERY_BIAS, config.qkvBias()),
        bias(weights, layer, TensorNames.KEY_BIAS, config.qkvBias()),
        bias(weights, layer, TensorNames.VALUE_BIAS, config.qkvBias()),
        bias(weights, layer, TensorNames.OUTPUT_BIAS, config.outputBias()),
        linear ? DeltaParameters.of(weights, layer) : null,
        mixture ? ExpertParameters.of(weights, layer) : null);
  }

  /** Takes over changed weights. */
  void refresh() {
    for (NormWeight norm :
        new NormWeight[] {
          attentionNorm, attentionOutNorm, ffnNorm, ffnOutNorm, queryNorm, keyNorm
        }) {
      if (norm != null) {
        norm.refresh();
      }
    }
  }

  private static NormWeight norm(Weights weights, int layer, String name, boolean present) {
    return present
        ? new NormWeight(
            weights.parameter(TensorNames.ofLayer(layer, name)),
            weights.config().architecture().normsAddOne())
        : null;
  }

  /** A matrix of its own, or rows of a fused one. */
  private static Projection part(
      Weights weights, int layer, String name, Projection fused, int first, int out) {
    return fused == null
        ? projection(weights, layer, name)
        : new Projection(fused.parameter(), first, out);
  }

  private static Projection projection(Weights weights, int layer, String name) {
    return Projection.of(weights.parameter(TensorNames.ofLayer(layer, name)));
  }

  private static Parameter bias(Weights weights, int layer, String name, boolean present) {
    return present ? weights.parameter(TensorNames.ofLayer(layer, name)) : null;
  }
}
