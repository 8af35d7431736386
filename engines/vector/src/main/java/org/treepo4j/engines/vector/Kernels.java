package org.treepo4j.engines.vector;

import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.Weights;

/** The tensor operations of one model, on one worker pool. */
record Kernels(
    WorkerPool pool,
    Gemm gemm,
    Linear linear,
    RmsNorm norm,
    Rope rope,
    TreeAttention attention,
    SwiGlu swiGlu,
    Embedding embedding,
    VocabularyHead head) {

  static Kernels of(Weights weights, WorkerPool pool) {
    ModelConfig config = weights.config();
    Gemm gemm = new Gemm(pool);
    return new Kernels(
        pool,
        gemm,
        new Linear(gemm, new Bias(pool)),
        new RmsNorm(pool, config.normEps()),
        new Rope(pool, weights),
        new TreeAttention(pool, HeadShape.of(config)),
        new SwiGlu(pool),
        new Embedding(pool),
        new VocabularyHead(pool, gemm, config.hiddenSize(), config.vocabSize()));
  }
}
