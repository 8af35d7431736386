package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.Design.Experts;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Weights;

/**
 * The tensor operations of one model, on one worker pool.
 *
 * @param delta null in a model without linear layers
 * @param experts null in a model with dense feed-forward layers
 */
record Kernels(
    WorkerPool pool,
    Gemm gemm,
    Linear linear,
    RmsNorm norm,
    List<Rope> ropes,
    RowScale rowScale,
    TreeAttention attention,
    AttentionGate attentionGate,
    DeltaLayer delta,
    ExpertLayer experts,
    GatedActivation activation,
    Embedding embedding,
    VocabularyHead head) {

  static Kernels of(Weights weights, WorkerPool pool) {
    ModelConfig config = weights.config();
    Gemm gemm = new Gemm(pool);
    Linear linear = new Linear(gemm, new Bias(pool));
    RmsNorm norm = new RmsNorm(pool, config.normEps());
    DeltaRule rule = config.design().deltaRule();
    Experts experts = config.design().experts();
    GatedActivation activation = GatedActivation.of(config.design().activation(), pool);
    return new Kernels(
        pool,
        gemm,
        linear,
        norm,
        ropes(weights, pool),
        new RowScale(pool),
        new TreeAttention(pool, HeadShape.of(config)),
        new AttentionGate(pool, config.heads(), config.headDim()),
        rule == null ? null : new DeltaLayer(rule, pool, linear, norm, DeltaLayer.CHUNK_TOKENS),
        experts == null ? null : new ExpertLayer(experts, config.hiddenSize(), linear, activation),
        activation,
        new Embedding(pool),
        new VocabularyHead(
            pool, gemm, config.hiddenSize(), config.vocabSize(), LogitShape.of(config)));
  }

  /** One for each layer, shared by those of one rotary embedding; null where there is none. */
  private static List<Rope> ropes(Weights weights, WorkerPool pool) {
    Map<Rotary, Rope> made = new HashMap<>();
    List<Rope> ropes = new ArrayList<>();
    for (int layer = 0; layer < weights.config().layers(); layer++) {
      Optional<Rotary> rotary = weights.config().rotary(layer);
      ropes.add(
          rotary
              .map(r -> made.computeIfAbsent(r, one -> new Rope(pool, weights, one)))
              .orElse(null));
    }
    return ropes;
  }
}
