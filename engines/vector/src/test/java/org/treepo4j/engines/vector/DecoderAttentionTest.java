package org.treepo4j.engines.vector;

import static org.treepo4j.engines.vector.HeadShape.PANEL;
import static org.treepo4j.engines.vector.KernelAssertions.assertClose;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.engines.contract.PlainKernels;

class DecoderAttentionTest {

  /** A chunk of the cache and which token of the test each of its tokens is. */
  private record Known(KvChunk chunk, Known parent, List<Integer> tokens) {}

  @Property(tries = 40)
  void newTokensSeeWhatTheirChunksHoldUpToThem(
      @ForAll @IntRange(min = 1, max = 3) int kvHeads,
      @ForAll @IntRange(min = 1, max = 4) int group,
      @ForAll @IntRange(min = 1, max = 20) int half,
      @ForAll @IntRange(min = 1, max = 12) int chunks,
      @ForAll @IntRange(min = 1, max = 3) int threads,
      @ForAll long seed) {
    Random random = new Random(seed);
    Design.Caps caps = new Design.Caps(random.nextBoolean() ? 0 : 2.5, 0);
    ModelConfig config =
        TestModels.withHeads(kvHeads * group, kvHeads, 2 * half, RopeScaling.NONE)
            .withDesign(Design.PLAIN.withCaps(caps));
    int window = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(3 * PANEL);
    HeadShape shape = HeadShape.of(config);
    int layer = random.nextInt(config.layers());
    List<float[]> stored = new ArrayList<>();
    List<Known> known = new ArrayList<>();
    KvCache cache = new KvCache(config, Long.MAX_VALUE);
    for (int i = 0; i < chunks; i++) {
      known.add(grown(cache, known, shape, layer, stored, random));
    }
    BatchPlan plan = plan(known, random);
    int stride = shape.querySize() + 5;
    float[] q = TestModels.coefficients(plan.rows() * stride, 0, random);
    float[] out = new float[plan.rows() * shape.querySize()];
    try (WorkerPool pool = new WorkerPool(threads)) {
      new DecoderAttention(pool, shape)
          .forward(plan, layer, window, q, stride, out, shape.querySize());
    }
    double[][] keys = new double[stored.size()][];
    double[][] values = new double[stored.size()][];
    for (int token = 0; token < keys.length; token++) {
      double[][] halves = PlainKernels.rows(PlainKernels.widen(stored.get(token)), shape.kvSize());
      keys[token] = halves[0];
      values[token] = halves[1];
    }
    double[][] expected = PlainKernels.rows(PlainKernels.widen(q), stride);
    for (int row = 0; row < expected.length; row++) {
      double[] query = new double[shape.querySize()];
      System.arraycopy(expected[row], 0, query, 0, query.length);
      int[] seen = seen(known, plan.chunk(row), plan.index(row), window);
      expected[row] =
          PlainKernels.attend(
              seen, shape.heads(), group, shape.scale(), shape.cap(), query, keys, values);
    }
    assertClose(out, expected, 5e-6);
  }

  /** A new root or a branch somewhere, with some tokens of random keys and values. */
  private static Known grown(
      KvCache cache,
      List<Known> known,
      HeadShape shape,
      int layer,
      List<float[]> stored,
      Random random) {
    Known parent = null;
    KvChunk chunk = KvChunk.root(cache);
    if (!known.isEmpty() && random.nextInt(5) > 0) {
      parent = known.get(random.nextInt(known.size()));
      chunk = parent.chunk().branch(1 + random.nextInt(parent.chunk().length()));
    }
    Known grown = new Known(chunk, parent, new ArrayList<>());
    int length = 1 + random.nextInt(random.nextBoolean() ? 10 : 2 * PANEL + 20);
    for (int i = 0; i < length; i++) {
      float[] keyAndValue = TestModels.coefficients(2 * shape.kvSize(), 0, random);
      int index = chunk.grow(0);
      chunk
          .block(index)
          .store(
              layer * shape.kvHeads(),
              shape.kvHeads(),
              index % PANEL,
              keyAndValue,
              0,
              shape.kvSize());
      grown.tokens().add(stored.size());
      stored.add(keyAndValue);
    }
    return grown;
  }

  /** The last tokens of some chunks are new. */
  private static BatchPlan plan(List<Known> known, Random random) {
    List<KvChunk> chunks = new ArrayList<>();
    List<Integer> indices = new ArrayList<>();
    for (Known each : known) {
      int length = each.chunk().length();
      int count = random.nextInt(4) == 0 ? length : random.nextInt(2);
      for (int index = length - count; index < length; index++) {
        chunks.add(each.chunk());
        indices.add(index);
      }
    }
    BatchPlan plan = new BatchPlan();
    int[] inputIndices = indices.stream().mapToInt(Integer::intValue).toArray();
    int rows = inputIndices.length;
    plan.build(rows, chunks.toArray(new KvChunk[0]), inputIndices, new int[rows]);
    return plan;
  }

  private static int[] seen(List<Known> known, KvChunk chunk, int index, int window) {
    Known at = known.stream().filter(each -> each.chunk() == chunk).findFirst().orElseThrow();
    List<Integer> seen = new ArrayList<>();
    int count = index + 1;
    int first = window == 0 ? 0 : chunk.start() + index - window + 1;
    while (at != null) {
      int skipped = Math.min(count, Math.max(0, first - at.chunk().start()));
      seen.addAll(at.tokens().subList(skipped, count));
      count = at.chunk().parentLength();
      at = at.parent();
    }
    return seen.stream().mapToInt(Integer::intValue).toArray();
  }
}
