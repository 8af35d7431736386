package org.treepo4j.engines.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.Design.DeltaRule;
import org.treepo4j.checkpoints.ModelConfig;

/** The delta rule token by token, whose state is written at every eighth position only. */
class DeltaRecurrenceTest {
  private static final ModelConfig CONFIG = TestModels.qwen3_5();
  private static final DeltaRule RULE = CONFIG.design().deltaRule();

  /** The formulas in float64, for every value head. */
  private static final class Plain {
    private final double[][][] states =
        new double[RULE.valueHeads()][RULE.keyDim()][RULE.valueDim()];

    double[] step(int head, float[] x, float decay, float beta) {
      double[][] state = states[head];
      int queryAt = head / RULE.group() * RULE.keyDim();
      int valueAt = 2 * RULE.keySize() + head * RULE.valueDim();
      double[] out = new double[RULE.valueDim()];
      for (int d = 0; d < out.length; d++) {
        double read = 0;
        for (int k = 0; k < RULE.keyDim(); k++) {
          state[k][d] *= decay;
          read += state[k][d] * x[RULE.keySize() + queryAt + k];
        }
        double u = beta * (x[valueAt + d] - read);
        for (int k = 0; k < RULE.keyDim(); k++) {
          state[k][d] += x[RULE.keySize() + queryAt + k] * u;
          out[d] += state[k][d] * x[queryAt + k];
        }
      }
      return out;
    }
  }

  @Property(tries = 60)
  void outputsAndStateAreThoseOfTheFormulas(
      @ForAll @IntRange(max = 100) int first,
      @ForAll @IntRange(min = 1, max = 40) int tokens,
      @ForAll @IntRange(max = 3) int strength,
      @ForAll long seed) {
    Random random = new Random(seed);
    DeltaRecurrence recurrence = new DeltaRecurrence(RULE);
    DeltaState state = new DeltaState(CONFIG);
    Plain plain = new Plain();
    int kept = 0;
    float[] out = new float[RULE.valueSize()];
    for (int position = first; position < first + tokens; position++) {
      float[] x = token(random);
      for (int head = 0; head < RULE.valueHeads(); head++) {
        // From hardly any decay to one that leaves nothing of the state.
        float decay = (float) Math.exp(-random.nextDouble() * Math.pow(10, strength) / 10);
        float beta = random.nextFloat();
        recurrence.step(
            state, 0, head, position, kept, x, 0, decay, beta, out, head * RULE.valueDim());
        double[] expected = plain.step(head, x, decay, beta);
        for (int d = 0; d < expected.length; d++) {
          assertThat((double) out[head * RULE.valueDim() + d]).isCloseTo(expected[d], within(1e-5));
        }
      }
      kept = DeltaRecurrence.keptAfter(kept, position);
      assertThat(kept).isLessThan(DeltaState.KEPT);
    }
    for (int head = 0; head < RULE.valueHeads(); head++) {
      recurrence.settle(state, 0, head, kept);
      for (int k = 0; k < RULE.keyDim(); k++) {
        int at = (head * RULE.keyDim() + k) * DeltaProducts.padded(RULE.valueDim());
        for (int d = 0; d < RULE.valueDim(); d++) {
          assertThat((double) state.matrices[0][at + d])
              .isCloseTo(plain.states[head][k][d], within(1e-5));
        }
      }
    }
  }

  @Test
  void aCopyGoesOnAloneBitForBit() {
    Random random = new Random(4);
    DeltaRecurrence recurrence = new DeltaRecurrence(RULE);
    DeltaState state = new DeltaState(CONFIG);
    DeltaState copy = new DeltaState(CONFIG);
    float[] out = new float[RULE.valueSize()];
    float[] again = new float[RULE.valueSize()];
    float[][] text = new float[30][];
    for (int position = 0; position < text.length; position++) {
      text[position] = token(random);
    }
    for (int position = 0; position < text.length; position++) {
      if (position == 11) {
        copy.copyFrom(state);
      }
      step(recurrence, state, position, text[position], out);
      if (position >= 11) {
        step(recurrence, copy, position, text[position], again);
        assertThat(again).isEqualTo(out);
        step(recurrence, state, position, text[position], out); // the other goes another way
        state.copyFrom(copy);
      }
    }
  }

  private static void step(
      DeltaRecurrence recurrence, DeltaState state, int position, float[] x, float[] out) {
    for (int head = 0; head < RULE.valueHeads(); head++) {
      int kept = state.kept[0];
      recurrence.step(
          state, 0, head, position, kept, x, 0, 0.9f, 0.7f, out, head * RULE.valueDim());
    }
    state.kept[0] = DeltaRecurrence.keptAfter(state.kept[0], position);
  }

  /** Queries and keys of unit length, and values. */
  private static float[] token(Random random) {
    float[] x = new float[RULE.convSize()];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    for (int from = 0; from < 2 * RULE.keySize(); from += RULE.keyDim()) {
      float inverse = (float) (1 / Math.sqrt(RowMath.dot(x, from, x, from, RULE.keyDim())));
      RowMath.scale(x, from, inverse, x, from, RULE.keyDim());
    }
    return x;
  }
}
