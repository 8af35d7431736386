package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class MergerTest {
  private record Pair(int left, int right) {}

  /** Symbols 0 to 3 and merges at random, of which every one makes a symbol of its own. */
  private record Rules(Map<Pair, Integer> joined, MergeTable table) {
    static Rules random(long seed, int merges) {
      SplittableRandom random = new SplittableRandom(seed);
      Map<Pair, Integer> joined = new HashMap<>();
      MergeTable table = new MergeTable(merges);
      for (int rank = 0; rank < merges; rank++) {
        Pair pair = new Pair(random.nextInt(4 + rank), random.nextInt(4 + rank));
        if (joined.putIfAbsent(pair, 4 + rank) == null) {
          table.put(pair.left(), pair.right(), rank, 4 + rank);
        }
      }
      return new Rules(joined, table);
    }

    /**
     * The definition: of all neighbours that join, the pair learnt first, and of those the left.
     */
    List<Integer> merge(List<Integer> symbols) {
      List<Integer> left = new ArrayList<>(symbols);
      while (true) {
        int best = -1;
        int lowest = Integer.MAX_VALUE;
        for (int i = 0; i + 1 < left.size(); i++) {
          Integer made = joined.get(new Pair(left.get(i), left.get(i + 1)));
          if (made != null && made < lowest) {
            lowest = made;
            best = i;
          }
        }
        if (best < 0) {
          return left;
        }
        left.set(best, lowest);
        left.remove(best + 1);
      }
    }
  }

  @Property
  void mergesAsTheDefinitionSays(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 60) int merges,
      @ForAll @Size(max = 200) List<@IntRange(max = 3) Integer> symbols) {
    Rules rules = Rules.random(seed, merges);
    int[] array = symbols.stream().mapToInt(Integer::intValue).toArray();
    int count = new Merger(rules.table()).merge(array, array.length);
    List<Integer> merged = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      merged.add(array[i]);
    }
    assertThat(merged).isEqualTo(rules.merge(symbols));
  }

  @Example
  void equalPairsJoinFromTheLeft() {
    MergeTable table = new MergeTable(1);
    table.put(0, 0, 0, 1);
    for (int length : new int[] {3, 101}) {
      int[] symbols = new int[length];
      assertThat(new Merger(table).merge(symbols, length)).isEqualTo(length / 2 + 1);
      assertThat(symbols[length / 2 - 1]).isEqualTo(1);
      assertThat(symbols[length / 2]).isZero();
    }
  }

  @Example
  void aMillionSymbolsAreNoSquare() {
    MergeTable table = new MergeTable(20);
    for (int rank = 0; rank < 20; rank++) {
      table.put(rank, rank, rank, rank + 1);
    }
    int[] symbols = new int[1 << 20];
    assertThat(new Merger(table).merge(symbols, symbols.length)).isEqualTo(1);
    assertThat(symbols[0]).isEqualTo(20);
  }
}
