package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.engines.cuda.KernelCases.Case;

@ExtendWith(TestDevice.class)
class TreeAttentionTest {
  private final Device device = TestDevice.shared();
  private final TreeAttention attention = new TreeAttention(device);

  @KernelCases
  void treesEqualPlainLoops(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      check(numbers, numbers.between(1, 40), F32);
      check(numbers, numbers.between(65, 130), F32);
    }
  }

  @KernelCases
  void treesInBf16EqualPlainLoops(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      check(numbers, numbers.between(1, 40), BF16);
      check(numbers, numbers.between(129, 200), BF16);
      check(numbers, 8 * numbers.between(1, 8), BF16); // such heads are copied ahead
      check(numbers, 8 * numbers.between(9, 16), BF16);
    }
  }

  /** These are exact in float32, so that nothing but the softmax rounds. */
  @KernelCases
  void scoresOfTenThousandKeepTheirProbabilities(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      Heads heads = heads(numbers, numbers.between(2, 70), 0.25f);
      double[] q = large(numbers, heads.rows() * heads.shape().querySize(), heads.shape().dim());
      double[] k = large(numbers, heads.rows() * heads.shape().kvSize(), heads.shape().dim());
      check(numbers, heads, F32, q, k, 1e-3, 1e-4); // 200 times the rounding of a weight
    }
  }

  @Test
  void tilesThatSeeNothingAreNotVisited() {
    // A trunk of two tiles with three branches of two tiles each.
    int tile = TreeTiles.ROWS;
    int[] parents = IntStream.range(0, 8 * tile).map(row -> row - 1).toArray();
    int[] positions = new int[parents.length];
    for (int branch = 1; branch < 3; branch++) {
      parents[(2 + 2 * branch) * tile] = 2 * tile - 1;
    }
    for (int row = 1; row < parents.length; row++) {
      positions[row] = positions[parents[row]] + 1;
    }
    try (TreeTiles all = new TreeTiles(device, parents, positions, 0);
        TreeTiles near = new TreeTiles(device, parents, positions, 2)) {
      assertThat(ints(all.keys().starts())).containsExactly(0, 1, 3, 6, 10, 13, 17, 20, 24);
      assertThat(ints(all.keys().tiles()))
          .containsExactly(0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0, 1, 4, 0, 1, 4, 5, 0, 1, 6, 0, 1, 6, 7);
      assertThat(ints(near.keys().tiles()))
          .containsExactly(0, 0, 1, 1, 2, 2, 3, 1, 4, 4, 5, 1, 6, 6, 7);
      assertThat(ints(near.queries().tiles()))
          .containsExactly(0, 1, 1, 2, 4, 6, 2, 3, 3, 4, 5, 5, 6, 7, 7);
    }
  }

  private int[] ints(DeviceArray array) {
    int[] values = new int[(int) array.length()];
    device.read(array, values, 0, values.length);
    return values;
  }

  @Test
  void rowsOutOfDepthFirstOrderAreRefused() {
    // Row 3 goes on behind row 1, whose branch ended with row 1.
    assertThatThrownBy(() -> TreeTiles.ends(new int[] {-1, 0, 0, 1}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("depth-first");
    assertThat(TreeTiles.ends(new int[] {-1, 0, 1, 0, -1})).containsExactly(4, 3, 3, 4, 5);
  }

  /** How many rows there are and how their heads are arranged. */
  private record Heads(AttentionShape shape, int rows) {}

  private static Heads heads(Numbers numbers, int dim, float scale) {
    int kvHeads = numbers.between(1, 2);
    int heads = kvHeads * numbers.between(1, 3);
    int rows = numbers.between(1, 110);
    float cap = numbers.between(0, 1) * 2f;
    return new Heads(new AttentionShape(heads, kvHeads, dim, scale, cap), rows);
  }

  /** Small whole numbers behind a large first one of each head. */
  private static double[] large(Numbers numbers, int size, int dim) {
    return IntStream.range(0, size)
        .mapToDouble(i -> i % dim == 0 ? 200 : numbers.between(-2, 2))
        .toArray();
  }

  private void check(Numbers numbers, int dim, Type type) {
    Heads heads = heads(numbers, dim, 0.3f);
    double[] q = numbers.normal(type, heads.rows() * heads.shape().querySize());
    double[] k = numbers.normal(type, heads.rows() * heads.shape().kvSize());
    // Sums over up to a hundred rows, of terms that partly cancel; in bf16 the weights between
    // two products are rounded as well, by 2⁻⁹, which is more of what is left where terms cancel.
    check(numbers, heads, type, q, k, type == F32 ? 2e-5 : 0.1, type == F32 ? 2e-6 : 0.02);
  }

  private void check(
      Numbers numbers,
      Heads heads,
      Type type,
      double[] q,
      double[] k,
      double tolerance,
      double mean) {
    AttentionShape shape = heads.shape();
    int rows = heads.rows();
    int window = numbers.between(0, 1) * numbers.between(1, 40);
    Trees trees = Trees.random(numbers, rows, numbers.between(1, 4), 10);
    double[] v = numbers.normal(type, k.length);
    double[] dOut = numbers.normal(type, q.length);
    PlainAttention plain = new PlainAttention(shape, trees, window);
    plain.run(q, k, v, dOut);
    DeviceArray qs = numbers.put(type, q);
    DeviceArray ks = numbers.put(type, k);
    DeviceArray vs = numbers.put(type, v);
    DeviceArray out = numbers.poison(type, q.length);
    DeviceArray normalizers = numbers.poison(F32, 2L * rows * shape.heads());
    try (TreeTiles tiles = new TreeTiles(device, trees.parents(), trees.positions(), window)) {
      attention.forward(shape, tiles, qs, ks, vs, out, normalizers);
      numbers.assertClose("out", out, plain.out);
      numbers.assertClose("normalizers", normalizers, plain.normalizers, 2e-5);
      DeviceArray dq = numbers.poison(type, q.length);
      DeviceArray dk = numbers.poison(type, k.length);
      DeviceArray dv = numbers.poison(type, v.length);
      attention.backward(
          shape,
          tiles,
          qs,
          ks,
          vs,
          out,
          normalizers,
          numbers.put(type, dOut),
          numbers.poison(F32, (long) rows * shape.heads()),
          dq,
          dk,
          dv);
      numbers.assertClose("dq", dq, plain.dq, tolerance, mean);
      numbers.assertClose("dk", dk, plain.dk, tolerance, mean);
      numbers.assertClose("dv", dv, plain.dv, tolerance, mean);
    }
  }
}
