package org.treepo4j.rollout;

import java.util.Random;

/** A made-up language model: logits of the next token from all tokens before it. */
interface FakeModel {
  int vocabSize();

  /** Logits after a path, {@code [vocabSize]}. */
  float[] logits(int[] path);

  /** A Markov policy: the logits follow from the last token alone. */
  static FakeModel markov(float[][] table) {
    return new FakeModel() {
      @Override
      public int vocabSize() {
        return table.length;
      }

      @Override
      public float[] logits(int[] path) {
        return table[path[path.length - 1]].clone();
      }
    };
  }

  /** A Markov policy with normal logits. */
  static FakeModel randomMarkov(int vocabSize, double spread, long seed) {
    Random random = new Random(seed);
    float[][] table = new float[vocabSize][vocabSize];
    for (float[] row : table) {
      for (int i = 0; i < vocabSize; i++) {
        row[i] = (float) (random.nextGaussian() * spread);
      }
    }
    return markov(table);
  }

  /** Always says the same token. */
  static FakeModel repeating(int vocabSize, int token) {
    float[][] table = new float[vocabSize][vocabSize];
    for (float[] row : table) {
      row[token] = 100;
    }
    return markov(table);
  }

  /** The same model, but one token is never said. */
  default FakeModel without(int token) {
    FakeModel model = this;
    return new FakeModel() {
      @Override
      public int vocabSize() {
        return model.vocabSize();
      }

      @Override
      public float[] logits(int[] path) {
        float[] logits = model.logits(path);
        logits[token] = Float.NEGATIVE_INFINITY;
        return logits;
      }
    };
  }
}
