package org.treepo4j.engines.vector;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.checkpoints.Design.Rotary;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Weights;

/** The tensor operations of one model, on one worker pool. */
record Kernels(
    WorkerPool pool,
    Gemm gemm,
    Linear linear,
    RmsNorm norm,
    List<Rope> ropes,
    RowScale rowScale,
    TreeAttention attention,
    GatedActivation activation,
    Embedding embedding,
    VocabularyHead head) {

  static Kernels of(Weights weights, WorkerPool pool) {
    ModelConfig config = weights.config();
    Gemm gemm = new Gemm(pool);
    return new Kernels(
        pool,
        gemm,
        new Linear(pool, gemm),
        new RmsNorm(pool, config.normEps()),
        ropes(weights, pool),
        new RowScale(pool),
        new TreeAttention(pool, HeadShape.of(config)),
        GatedActivation.of(config.design().activation(), pool),
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
