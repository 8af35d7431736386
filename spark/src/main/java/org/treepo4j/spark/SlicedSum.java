package org.treepo4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.treepo4j.model.Parameter;
import org.treepo4j.rl.train.GradientSum;
import org.treepo4j.rl.train.ShardPass;
import scala.Tuple2;

/**
 * The sum of large shard gradients: each is cut into slices, executors add up one slice of all
 * shards in the order of the shards, and the driver receives the sums only. Every number is added
 * in the same order as on the driver, so the bits are the same.
 */
final class SlicedSum {
  /** Bytes that one task adds up. */
  private static final long MOST_BYTES = 256L << 20;

  private final SparkBackend backend;
  private final List<Parameter> trained;
  private final int slice;

  /**
   * A slice of a shard's gradient, or what came of the shard.
   *
   * @param outcome null for a slice
   * @param numbers null for an outcome
   */
  record Piece(int shard, TaskOutcome<ShardPass.Outcome> outcome, Tensors numbers)
      implements Serializable {}

  /**
   * A slice of the sum, or what came of a shard.
   *
   * @param number of the slice or the shard
   */
  record Summed(int number, TaskOutcome<ShardPass.Outcome> outcome, Tensors numbers)
      implements Serializable {}

  /**
   * @param slice numbers of a slice
   */
  SlicedSum(SparkBackend backend, List<Parameter> trained, int slice) {
    this.backend = backend;
    this.trained = trained;
    this.slice = slice;
  }

  /** Leaves the sum of the shards' gradients in those of the parameters. */
  ShardPass.Outcome of(SparkBackend.Place place, List<SparkPasses.Shard> shards) {
    long numbers = trained.stream().mapToLong(parameter -> parameter.values().length).sum();
    int slices = Math.toIntExact((numbers + slice - 1) / slice);
    long tasks = Math.max(backend.slots(), Float.BYTES * numbers * shards.size() / MOST_BYTES + 1);
    int length = slice;
    JavaRDD<Summed> sums =
        backend
            .cluster()
            .each(shards)
            .flatMapToPair(shard -> pieces(place, shard, length, slices))
            .partitionBy(new HashPartitioner((int) Math.min(slices, tasks)))
            .mapPartitions(SlicedSum::sum);
    long began = System.nanoTime();
    List<Summed> summed = backend.cluster().collect("gradient in slices", sums);
    List<TaskOutcome<ShardPass.Outcome>> outcomes =
        summed.stream()
            .filter(sum -> sum.outcome != null)
            .sorted(Comparator.comparingInt(Summed::number))
            .<TaskOutcome<ShardPass.Outcome>>map(Summed::outcome)
            .toList();
    backend.costs().passed(outcomes, System.nanoTime() - began);
    backend.jobDone();
    TaskOutcome.requireDone(outcomes);
    for (Summed sum : summed) {
      if (sum.numbers != null) {
        copy(sum.numbers.arrays().get(0), (long) sum.number * slice);
      }
    }
    return outcomes.stream()
        .map(TaskOutcome::value)
        .reduce(ShardPass.Outcome.NONE, ShardPass.Outcome::plus);
  }

  private static Iterator<Tuple2<Integer, Piece>> pieces(
      SparkBackend.Place place, SparkPasses.Shard shard, int slice, int slices) throws Exception {
    TaskOutcome<SparkPasses.Done> done = SparkPasses.compute(place, shard);
    ShardPass.Outcome outcome = done.value() == null ? null : done.value().outcome();
    Tuple2<Integer, Piece> told =
        new Tuple2<>(
            shard.number(),
            new Piece(
                shard.number(),
                new TaskOutcome<>(
                    outcome,
                    done.failure(),
                    done.message(),
                    done.executor(),
                    done.loading(),
                    done.computing()),
                null));
    if (outcome == null) {
      return List.of(told).iterator();
    }
    List<float[]> gradient = done.value().gradient().arrays();
    return Stream.concat(
            Stream.of(told),
            IntStream.range(0, slices)
                .mapToObj(
                    number ->
                        new Tuple2<>(
                            number,
                            new Piece(
                                shard.number(),
                                null,
                                Tensors.of(List.of(cut(gradient, (long) number * slice, slice)))))))
        .iterator();
  }

  /** The numbers of all arrays one after the other, from one on. */
  private static float[] cut(List<float[]> arrays, long from, int most) {
    long all = arrays.stream().mapToLong(array -> array.length).sum();
    float[] slice = new float[(int) Math.min(most, all - from)];
    long before = 0;
    for (float[] array : arrays) {
      long begin = Math.max(from, before);
      long end = Math.min(from + slice.length, before + array.length);
      if (begin < end) {
        System.arraycopy(
            array, (int) (begin - before), slice, (int) (begin - from), (int) (end - begin));
      }
      before += array.length;
    }
    return slice;
  }

  private void copy(float[] sum, long from) {
    long before = 0;
    for (Parameter parameter : trained) {
      float[] gradient = parameter.gradient();
      long begin = Math.max(from, before);
      long end = Math.min(from + sum.length, before + gradient.length);
      if (begin < end) {
        System.arraycopy(
            sum, (int) (begin - from), gradient, (int) (begin - before), (int) (end - begin));
      }
      before += gradient.length;
    }
  }

  private static Iterator<Summed> sum(Iterator<Tuple2<Integer, Piece>> pieces) {
    Map<Integer, List<Piece>> bySlice = new TreeMap<>();
    List<Summed> summed = new ArrayList<>();
    while (pieces.hasNext()) {
      Tuple2<Integer, Piece> next = pieces.next();
      Piece piece = next._2();
      if (piece.outcome != null) {
        summed.add(new Summed(piece.shard, piece.outcome, null));
      } else {
        bySlice.computeIfAbsent(next._1(), any -> new ArrayList<>()).add(piece);
      }
    }
    bySlice.forEach(
        (slice, ofShards) -> {
          ofShards.sort(Comparator.comparingInt(Piece::shard));
          float[] sum = ofShards.get(0).numbers.arrays().get(0);
          for (Piece piece : ofShards.subList(1, ofShards.size())) {
            GradientSum.add(piece.numbers.arrays().get(0), sum);
          }
          summed.add(new Summed(slice, null, Tensors.of(List.of(sum))));
        });
    return summed.iterator();
  }
}
