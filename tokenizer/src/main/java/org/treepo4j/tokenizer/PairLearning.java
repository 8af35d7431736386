package org.treepo4j.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/** Learns merges: again and again, the most frequent pair of neighbours becomes one token. */
final class PairLearning {
  /** A pair that occurs once teaches nothing. */
  private static final long LEAST_COUNT = 2;

  /** Most frequent first, then the lower left id, then the lower right id. */
  private static final Comparator<Candidate> ORDER =
      Comparator.comparingLong(Candidate::count).reversed().thenComparingLong(Candidate::pair);

  private final Map<String, Integer> ids;
  private final List<String> tokens;
  private final List<Word> words = new ArrayList<>();

  /** {@code left << 32 | right} → how often the pair occurs. */
  private final Map<Long, Long> counts = new HashMap<>();

  /** Pair → words that may hold it. */
  private final Map<Long, Set<Integer>> places = new HashMap<>();

  private final PriorityQueue<Candidate> queue = new PriorityQueue<>(ORDER);

  private record Candidate(long pair, long count) {}

  private static final class Word {
    private int[] symbols;
    private final long count;

    Word(int[] symbols, long count) {
      this.symbols = symbols;
      this.count = count;
    }
  }

  /** Begins with a vocabulary, which {@link #learn} extends. */
  PairLearning(Map<String, Integer> ids) {
    this.ids = ids;
    this.tokens = new ArrayList<>(ids.keySet());
  }

  /** A word, spelt in tokens of one character, and how often it occurs. */
  void addWord(String spelled, long count) {
    int[] symbols = spelled.chars().map(c -> ids.get(String.valueOf((char) c))).toArray();
    words.add(new Word(symbols, count));
    for (int i = 0; i + 1 < symbols.length; i++) {
      change(pair(symbols[i], symbols[i + 1]), count, words.size() - 1);
    }
  }

  /** The merges, such as {@code "Ġ t"}, until the vocabulary has so many tokens. */
  List<String> learn(int vocabSize) {
    counts.forEach((pair, count) -> queue.add(new Candidate(pair, count)));
    List<String> merges = new ArrayList<>();
    while (ids.size() < vocabSize && !queue.isEmpty()) {
      Candidate best = queue.poll();
      long count = counts.getOrDefault(best.pair(), 0L);
      if (count != best.count()) {
        continue;
      }
      if (count < LEAST_COUNT) {
        break;
      }
      int left = (int) (best.pair() >>> 32);
      int right = (int) best.pair();
      merges.add(tokens.get(left) + " " + tokens.get(right));
      join(left, right);
    }
    return merges;
  }

  private void join(int left, int right) {
    String joined = tokens.get(left) + tokens.get(right);
    Integer known = ids.get(joined);
    int id = known != null ? known : ids.size();
    if (known == null) {
      ids.put(joined, id);
      tokens.add(joined);
    }
    Set<Long> changed = new HashSet<>();
    for (int place : places.remove(pair(left, right))) {
      joinIn(place, left, right, id, changed);
    }
    for (long pair : changed) {
      long count = counts.getOrDefault(pair, 0L);
      if (count > 0) {
        queue.add(new Candidate(pair, count));
      }
    }
  }

  private void joinIn(int place, int left, int right, int id, Set<Long> changed) {
    Word word = words.get(place);
    int[] before = word.symbols;
    int[] after = new int[before.length];
    int size = 0;
    for (int i = 0; i < before.length; i++) {
      boolean here = i + 1 < before.length && before[i] == left && before[i + 1] == right;
      after[size++] = here ? id : before[i];
      i += here ? 1 : 0;
    }
    if (size == before.length) {
      return;
    }
    word.symbols = Arrays.copyOf(after, size);
    for (int i = 0; i + 1 < before.length; i++) {
      long pair = pair(before[i], before[i + 1]);
      counts.merge(pair, -word.count, Long::sum);
      changed.add(pair);
    }
    for (int i = 0; i + 1 < size; i++) {
      long pair = pair(after[i], after[i + 1]);
      change(pair, word.count, place);
      changed.add(pair);
    }
  }

  private void change(long pair, long by, int place) {
    counts.merge(pair, by, Long::sum);
    places.computeIfAbsent(pair, p -> new HashSet<>()).add(place);
  }

  private static long pair(int left, int right) {
    return (long) left << 32 | right;
  }
}
