package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.engines.cuda.CacheAttention.Paths;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.engines.cuda.KernelCases.Case;

@ExtendWith(TestDevice.class)
class CacheAttentionTest {
  private final Device device = TestDevice.shared();

  /** Some rows at a time. */
  private final CacheAttention attention = new CacheAttention(device, 5000);

  /** Paths that share slots: for each the slot of every token. */
  private record Cache(int slots, List<List<Integer>> paths) {

    /** Paths that part from those before, in runs that are scattered over the slots. */
    static Cache random(Numbers numbers, int paths, int longest) {
      List<List<Integer>> all = new ArrayList<>();
      int slots = 0;
      for (int path = 0; path < paths; path++) {
        List<Integer> own = new ArrayList<>();
        if (path > 0) {
          List<Integer> other = all.get(numbers.between(0, path - 1));
          own.addAll(other.subList(0, numbers.between(1, other.size())));
        }
        int length = Math.max(own.size(), numbers.between(1, longest));
        while (own.size() < length) {
          int run = Math.min(numbers.between(1, 40), length - own.size());
          for (int i = 0; i < run; i++) {
            own.add(slots++);
          }
          slots += numbers.between(0, 3);
        }
        all.add(own);
      }
      return new Cache(slots + 1, all);
    }

    Paths put(Numbers numbers, int[] path, int[] length) {
      List<Integer> starts = new ArrayList<>(List.of(0));
      List<Integer> slots = new ArrayList<>();
      List<Integer> ends = new ArrayList<>();
      for (List<Integer> own : paths) {
        for (int i = 0; i < own.size(); i++) {
          if (i == 0 || own.get(i) != own.get(i - 1) + 1) {
            slots.add(own.get(i));
            ends.add(i);
          }
          ends.set(ends.size() - 1, i + 1);
        }
        starts.add(slots.size());
      }
      return new Paths(
          numbers.put(path),
          numbers.put(length),
          numbers.put(ints(starts)),
          numbers.put(ints(slots)),
          numbers.put(ints(ends)));
    }

    private static int[] ints(List<Integer> list) {
      return list.stream().mapToInt(Integer::intValue).toArray();
    }
  }

  @KernelCases
  void rowsEqualPlainLoops(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      check(numbers, numbers.between(1, 70), 300, F32);
      check(numbers, 8 * numbers.between(1, 9), 600, BF16);
      check(numbers, numbers.between(200, 256), 30, BF16);
    }
  }

  private void check(Numbers numbers, int dim, int longest, Type type) {
    int kvHeads = numbers.between(1, 2);
    int heads = kvHeads * numbers.between(1, 6);
    int window = numbers.between(0, 1) * numbers.between(1, 100);
    AttentionShape shape =
        new AttentionShape(heads, kvHeads, dim, 0.3f, numbers.between(0, 1) * 2f);
    Cache cache = Cache.random(numbers, numbers.between(1, 3), longest);
    int rows = numbers.between(1, 4);
    int[] path = new int[rows];
    int[] length = new int[rows];
    for (int row = 0; row < rows; row++) {
      path[row] = numbers.between(0, cache.paths().size() - 1);
      length[row] = numbers.between(1, cache.paths().get(path[row]).size());
    }
    double[] q = numbers.normal(type, rows * shape.querySize());
    double[] keys = numbers.normal(type, cache.slots() * shape.kvSize());
    double[] values = numbers.normal(type, cache.slots() * shape.kvSize());
    double[] expected = new double[q.length];
    for (int row = 0; row < rows; row++) {
      List<Integer> seen = cache.paths().get(path[row]).subList(0, length[row]);
      if (window > 0 && seen.size() > window) {
        seen = seen.subList(seen.size() - window, seen.size());
      }
      for (int head = 0; head < heads; head++) {
        plain(shape, row, head, seen, q, keys, values, expected);
      }
    }
    DeviceArray out = numbers.poison(type, q.length);
    attention.forward(
        shape,
        rows,
        longest,
        window,
        cache.put(numbers, path, length),
        numbers.put(type, q),
        numbers.put(type, keys),
        numbers.put(type, values),
        out);
    numbers.assertClose("out", out, expected, type == F32 ? 1e-5 : Numbers.BF16_ROUNDING);
  }

  private static void plain(
      AttentionShape shape,
      int row,
      int head,
      List<Integer> seen,
      double[] q,
      double[] keys,
      double[] values,
      double[] out) {
    int dim = shape.dim();
    int at = (row * shape.heads() + head) * dim;
    double sum = 0;
    for (int slot : seen) {
      int kv = (slot * shape.kvHeads() + head / shape.group()) * dim;
      double score = 0;
      for (int d = 0; d < dim; d++) {
        score += shape.scale() * q[at + d] * keys[kv + d];
      }
      double weight =
          Math.exp(shape.cap() == 0 ? score : shape.cap() * Math.tanh(score / shape.cap()));
      sum += weight;
      for (int d = 0; d < dim; d++) {
        out[at + d] += weight * values[kv + d];
      }
    }
    for (int d = 0; d < dim; d++) {
      out[at + d] /= sum;
    }
  }

  /** Where the tokens of a path are cached, and what else is computed, changes no bit of a row. */
  @Test
  void bitsOfARowDependOnItsPathAlone() {
    try (Numbers numbers = new Numbers(device, new Random(5))) {
      AttentionShape shape = new AttentionShape(4, 2, 24, 0.3f, 0);
      int length = 530;
      List<Integer> straight = new ArrayList<>();
      for (int i = 0; i < length; i++) {
        straight.add(i);
      }
      List<Integer> shuffled = new ArrayList<>(straight);
      Collections.shuffle(shuffled, new Random(2));
      double[] keys = numbers.normal(F32, length * shape.kvSize());
      double[] values = numbers.normal(F32, length * shape.kvSize());
      double[] q = numbers.normal(F32, 3 * shape.querySize());
      float[] alone = run(numbers, shape, 1, new Cache(length, List.of(straight)), q, keys, values);
      Cache scattered = new Cache(length, List.of(shuffled));
      double[] movedKeys = move(keys, shuffled, shape.kvSize());
      double[] movedValues = move(values, shuffled, shape.kvSize());
      float[] batch = run(numbers, shape, 3, scattered, q, movedKeys, movedValues);
      assertThat(java.util.Arrays.copyOf(batch, alone.length)).isEqualTo(alone);
    }
  }

  private float[] run(
      Numbers numbers,
      AttentionShape shape,
      int rows,
      Cache cache,
      double[] q,
      double[] keys,
      double[] values) {
    int[] length = {530, 7, 300};
    Paths paths = cache.put(numbers, new int[rows], length);
    DeviceArray out = numbers.poison(F32, (long) rows * shape.querySize());
    attention.forward(
        shape,
        rows,
        rows * 600,
        0,
        paths,
        numbers.put(F32, q),
        numbers.put(F32, keys),
        numbers.put(F32, values),
        out);
    return device.floats(out);
  }

  private static double[] move(double[] rows, List<Integer> slots, int width) {
    double[] moved = new double[rows.length];
    for (int i = 0; i < slots.size(); i++) {
      System.arraycopy(rows, i * width, moved, slots.get(i) * width, width);
    }
    return moved;
  }
}
