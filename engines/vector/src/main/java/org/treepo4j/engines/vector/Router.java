package org.treepo4j.engines.vector;

import java.util.Arrays;
import org.treepo4j.checkpoints.Design.Experts;

/**
 * Which experts a token goes to: those of highest probability {@code p = softmax(logits)}, by
 * weights {@code p}, or {@code p/Σp} over the chosen; of equal ones the first. The choice itself
 * has no gradient.
 */
final class Router {
  private final Experts experts;

  /** What was chosen for some rows. */
  static final class Choice {
    /** Probabilities of all experts, {@code [rows × experts]}. */
    float[] probabilities = new float[0];

    /** Chosen experts, {@code [rows × perToken]}, the most probable first. */
    short[] chosen = new short[0];

    /** Their weights, {@code [rows × perToken]}. */
    float[] weights = new float[0];

    /** Places in {@link #chosen}, expert by expert, rows rising: {@code [rows × perToken]}. */
    int[] places = new int[0];

    /** Where the places of each expert begin, and the end of the last: {@code [experts + 1]}. */
    int[] starts = new int[0];

    void reserve(Experts experts, int rows) {
      probabilities = FloatArrays.atLeast(probabilities, rows * experts.count());
      weights = FloatArrays.atLeast(weights, rows * experts.perToken());
      if (chosen.length < rows * experts.perToken()) {
        chosen = new short[rows * experts.perToken()];
        places = new int[rows * experts.perToken()];
      }
      if (starts.length == 0) {
        starts = new int[experts.count() + 1];
      }
    }
  }

  Router(Experts experts) {
    this.experts = experts;
  }

  /**
   * @param logits {@code [rows]} of them, {@code stride} apart
   * @param routing what is taken over of this layer's choices, and gets the others; or null
   */
  void forward(int rows, float[] logits, int stride, Choice choice, Routing routing, int layer) {
    choice.reserve(experts, rows);
    for (int row = 0; row < rows; row++) {
      softmax(logits, row * stride, choice.probabilities, row * experts.count());
      int to = row * experts.perToken();
      int from = routing == null ? 0 : routing.at(row, layer);
      if (routing != null && routing.chosen()[from] >= 0) {
        System.arraycopy(routing.chosen(), from, choice.chosen, to, experts.perToken());
      } else {
        choose(logits, row * stride, choice, to);
        if (routing != null) {
          System.arraycopy(choice.chosen, to, routing.chosen(), from, experts.perToken());
        }
      }
      weigh(row, choice);
    }
    sort(rows, choice);
  }

  private void softmax(float[] logits, int at, float[] probabilities, int to) {
    float greatest = Float.NEGATIVE_INFINITY;
    for (int e = 0; e < experts.count(); e++) {
      greatest = Math.max(greatest, logits[at + e]);
    }
    double sum = 0;
    for (int e = 0; e < experts.count(); e++) {
      double weight = Math.exp((double) logits[at + e] - greatest);
      probabilities[to + e] = (float) weight;
      sum += weight;
    }
    for (int e = 0; e < experts.count(); e++) {
      probabilities[to + e] = (float) (probabilities[to + e] / sum);
    }
  }

  /** By logits, which stay apart where probabilities underflow. */
  private void choose(float[] logits, int at, Choice choice, int to) {
    for (int slot = 0; slot < experts.perToken(); slot++) {
      int best = -1;
      for (int e = 0; e < experts.count(); e++) {
        boolean higher = best < 0 || logits[at + e] > logits[at + best];
        if (higher && !taken(choice.chosen, to, slot, e)) {
          best = e;
        }
      }
      choice.chosen[to + slot] = (short) best;
    }
  }

  private void weigh(int row, Choice choice) {
    int to = row * experts.perToken();
    float sum = 0;
    for (int slot = 0; slot < experts.perToken(); slot++) {
      int expert = row * experts.count() + choice.chosen[to + slot];
      choice.weights[to + slot] = choice.probabilities[expert];
      sum += choice.weights[to + slot];
    }
    for (int slot = 0; experts.normalised() && slot < experts.perToken(); slot++) {
      choice.weights[to + slot] /= sum;
    }
  }

  private static boolean taken(short[] chosen, int from, int count, int expert) {
    for (int slot = 0; slot < count; slot++) {
      if (chosen[from + slot] == expert) {
        return true;
      }
    }
    return false;
  }

  private void sort(int rows, Choice choice) {
    int[] starts = choice.starts;
    int places = rows * experts.perToken();
    Arrays.fill(starts, 0);
    for (int place = 0; place < places; place++) {
      starts[choice.chosen[place] + 1]++;
    }
    for (int e = 0; e < experts.count(); e++) {
      starts[e + 1] += starts[e];
    }
    int[] next = Arrays.copyOf(starts, experts.count());
    for (int place = 0; place < places; place++) {
      choice.places[next[choice.chosen[place]]++] = place;
    }
  }

  /**
   * @param dWeights gradient of the weights, {@code [rows × perToken]}
   * @param dLogits receives that of the logits, {@code [rows × experts]}
   */
  void backward(int rows, Choice choice, float[] dWeights, float[] dLogits) {
    int count = experts.count();
    for (int row = 0; row < rows; row++) {
      int from = row * experts.perToken();
      int at = row * count;
      double sum = 0;
      double pull = 0;
      for (int slot = from; slot < from + experts.perToken(); slot++) {
        sum += choice.probabilities[at + choice.chosen[slot]];
        pull += (double) dWeights[slot] * choice.weights[slot];
      }
      double mean = 0;
      Arrays.fill(dLogits, at, at + count, 0f);
      for (int slot = from; slot < from + experts.perToken(); slot++) {
        double d = experts.normalised() ? (dWeights[slot] - pull) / sum : dWeights[slot];
        float probability = choice.probabilities[at + choice.chosen[slot]];
        dLogits[at + choice.chosen[slot]] = (float) d;
        mean += d * probability;
      }
      for (int e = at; e < at + count; e++) {
        dLogits[e] = (float) (choice.probabilities[e] * (dLogits[e] - mean));
      }
    }
  }
}
